"""Printing visit sheets in batches: our exporter against the bare compiler.

At scale 1 these are 1,001 sheets of the built-in trial, 13 for each participant.  The
baseline is given the same facts, ready made, and as many participants a file.  Each side
runs in a process of its own, so that neither finds the other's pages in memory.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from multiprocessing import get_context
from time import process_time

import typst

from benchmarks import courses
from benchmarks.memory import peak
from benchmarks.table import Row
from scheduler import shipped
from scheduler.availability import Availability
from scheduler.exporters.sheetfacts import Sheaf, facts
from scheduler.exporters.sheets import PAGES_A_FILE, sheet_files
from scheduler.exporters.typesetting import PAPERS, Templates
from scheduler.placement import place

PARTICIPANTS = 77
ENROLLED = date(2026, 3, 2)
PRINTED = datetime(2026, 3, 2, 1, tzinfo=UTC)
PAPER = "A4"

_Cost = tuple[float, float]
"""Seconds of processor time, and peak memory in MB."""


def rows(scale: float) -> Iterator[Row]:
    """Time and peak memory of printing; at scale 1 for PARTICIPANTS."""
    participants = max(round(PARTICIPANTS * scale), 1)
    sheets = sum(len(sheaf.sheets()) for sheaf in _sheaves(participants))
    measured, most = _apart(ours, participants)
    baseline, _ = _apart(bare, participants)
    yield Row(
        work=f"print {sheets:,} visit sheets",
        unit="ms a sheet",
        measured=1000 * measured / sheets,
        baseline_name="the same template by bare typst.Compiler",
        baseline=1000 * baseline / sheets,
        reach=1.2,
    )
    yield Row(
        work=f"print {sheets:,} visit sheets: peak",
        unit="MB",
        measured=most,
        baseline_name="a limit",
        baseline=300,
        reach=1,
    )


def ours(participants: int) -> _Cost:
    """What the exporter takes, from values to bytes."""
    site, sheaves, templates = courses.site(), _sheaves(participants), _templates()
    start = process_time()
    for _ in sheet_files(
        sheaves, site=site, language="en", paper=PAPER, printed=PRINTED, templates=templates
    ):
        pass
    return process_time() - start, peak()


def bare(participants: int) -> _Cost:
    """What the compiler takes for the same facts, with the same standards asked for."""
    site, sheaves, templates = courses.site(), _sheaves(participants), _templates()
    at_once = PAGES_A_FILE // len(sheaves[0].sheets())
    documents = [
        json.dumps(
            facts(
                sheaves[n : n + at_once],
                site=site,
                language="en",
                paper=PAPERS[PAPER],
                printed=PRINTED,
            )
        ).encode()
        for n in range(0, participants, at_once)
    ]
    entry = b'#import "sheets/sheets.typ": sheets\n#sheets(json("facts.json"))\n'
    start = process_time()
    compiler = typst.Compiler(font_paths=list(templates.fonts), ignore_system_fonts=True)
    for document in documents:
        compiler.compile(
            {**templates.files, "main.typ": entry, "facts.json": document},  # type: ignore[type-var]  # the wheel takes a dict of files, its stub omits it
            format="pdf",
            pdf_standards=["ua-1", "a-2a"],
            timestamp=int(PRINTED.timestamp()),
        )
    return process_time() - start, peak()


def _apart(work: Callable[[int], _Cost], participants: int) -> _Cost:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(work, participants).result()


def _templates() -> Templates:
    return Templates(
        files={name: shipped.read(name) for name in shipped.names("sheets")},
        fonts=(str(shipped.folder() / "fonts"),),
    )


def _sheaves(participants: int) -> list[Sheaf]:
    """Participants of arm bmsc, each with all visits of the worked example."""
    tree, site = courses.tree(), courses.site()
    slots = place(tree, ENROLLED, Availability(site)).slots
    sheaves = []
    for n in range(1, participants + 1):
        code, kg = f"ZJ-{n:03}", Decimal(50 + n)
        subject = courses.subject(code, site.code, tree.protocol, ENROLLED, kg)
        visits = courses.visits(subject, slots, PRINTED)
        sheaves.append(Sheaf(subject=subject, protocol=tree.protocol, visits=visits))
    return sheaves
