"""Printing visit sheets in batches: our exporter against the bare compiler.

At scale 1 these are 1,001 sheets of the built-in trial, 13 for each participant.  The
baseline is given the same facts, ready made, and as many participants a file.  Each side
runs in a process of its own, so that neither finds the other's pages in memory, and they take
turns, file by file.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, partial

import typst

from benchmarks import courses
from benchmarks.table import Row
from benchmarks.turns import Step, in_turn
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


def rows(scale: float) -> Iterator[Row]:
    """Time and peak memory of printing; at scale 1 for PARTICIPANTS."""
    participants = max(round(PARTICIPANTS * scale), 1)
    sheets = sum(len(sheaf.sheets()) for sheaf in _sheaves(participants))
    files = range(len(_batches(participants)))
    (measured, most), (baseline, _) = in_turn(
        [
            Step(
                parts=[partial(side, participants, n) for n in files],
                ready=partial(ready, participants),
            )
            for side, ready in ((ours, _batches), (bare, _documents))
        ]
    )
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


def ours(participants: int, n: int) -> None:
    """A file by the exporter, from values to bytes."""
    [_] = sheet_files(
        _batches(participants)[n],
        site=courses.site(),
        language="en",
        paper=PAPER,
        printed=PRINTED,
        templates=_templates(),
    )


def bare(participants: int, n: int) -> None:
    """The same facts by the compiler, with the same standards asked for."""
    entry = b'#import "sheets/sheets.typ": sheets\n#sheets(json("facts.json"))\n'
    _compiler().compile(
        {**_templates().files, "main.typ": entry, "facts.json": _documents(participants)[n]},  # type: ignore[type-var]  # the wheel takes a dict of files, its stub omits it
        format="pdf",
        pdf_standards=["ua-1", "a-2a"],
        timestamp=int(PRINTED.timestamp()),
    )


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(font_paths=list(_templates().fonts), ignore_system_fonts=True)


@cache
def _documents(participants: int) -> list[bytes]:
    """The facts of each file."""
    return [
        json.dumps(
            facts(batch, site=courses.site(), language="en", paper=PAPERS[PAPER], printed=PRINTED)
        ).encode()
        for batch in _batches(participants)
    ]


@cache
def _batches(participants: int) -> list[list[Sheaf]]:
    """The participants of each file."""
    sheaves = _sheaves(participants)
    at_once = PAGES_A_FILE // len(sheaves[0].sheets())
    return [sheaves[n : n + at_once] for n in range(0, participants, at_once)]


@cache
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
