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
from pathlib import Path
from time import process_time

import typst

from benchmarks.table import Row
from scheduler import shipped
from scheduler.availability import Availability
from scheduler.exporters.sheetfacts import Sheaf, facts
from scheduler.exporters.sheets import PAGES_A_FILE, PAPERS, Templates, sheet_files
from scheduler.placement import place
from scheduler.readers import protocol as protocols
from scheduler.readers import site as sites
from scheduler.sites import Site
from scheduler.subject import Status, Subject, Visit, Weight
from scheduler.tree import Tree

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
    measured, peak = _apart(ours, participants)
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
        measured=peak,
        baseline_name="a limit",
        baseline=300,
        reach=1,
    )


def ours(participants: int) -> _Cost:
    """What the exporter takes, from values to bytes."""
    site, sheaves, templates = _site(), _sheaves(participants), _templates()
    start = process_time()
    for _ in sheet_files(
        sheaves, site=site, language="en", paper=PAPER, printed=PRINTED, templates=templates
    ):
        pass
    return process_time() - start, _peak()


def bare(participants: int) -> _Cost:
    """What the compiler takes for the same facts, with the same standards asked for."""
    site, sheaves, templates = _site(), _sheaves(participants), _templates()
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
    return process_time() - start, _peak()


def _apart(work: Callable[[int], _Cost], participants: int) -> _Cost:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(work, participants).result()


def _peak() -> float:
    # The kernel's high-water mark of this very program; getrusage also counts the parent's.
    status = Path("/proc/self/status").read_text()
    [line] = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _site() -> Site:
    return sites.read(shipped.read("sites/zhujiang.toml").decode(), "zhujiang.toml")


def _templates() -> Templates:
    return Templates(
        files={name: shipped.read(name) for name in shipped.names("sheets")},
        fonts=(str(shipped.folder() / "fonts"),),
    )


def _sheaves(participants: int) -> list[Sheaf]:
    """Participants of arm bmsc, each with all visits of the worked example."""
    protocol = protocols.read(
        shipped.read("protocols/bmsc-stroke.toml").decode(), "bmsc-stroke.toml"
    )
    tree = Tree.of(protocol, protocol.arm("bmsc"))
    slots = place(tree, ENROLLED, Availability(_site())).slots
    sheaves = []
    for n in range(1, participants + 1):
        subject = Subject(
            code=f"ZJ-{n:03}",
            site="ZJ",
            arm="bmsc",
            enrolled=ENROLLED,
            protocol=protocol.id,
            protocol_version=protocol.version,
            weight=Weight(kg=Decimal(50 + n), measured=ENROLLED),
        )
        visits = [
            Visit(
                study=protocol.id,
                subject=subject.code,
                site="ZJ",
                encounter=slot.expected.encounter.id,
                label=slot.expected.encounter.label,
                kind=slot.expected.encounter.kind,
                mode=slot.expected.encounter.mode,
                target=slot.expected.target,
                window=slot.expected.window,
                status=Status.SCHEDULED,
                scheduled=slot.interval,
                allocations=slot.allocations,
                basis=slot.expected.encounter.basis,
                unverified=slot.unverified,
                changed=PRINTED,
            )
            for slot in slots
        ]
        sheaves.append(Sheaf(subject=subject, protocol=protocol, visits=visits))
    return sheaves
