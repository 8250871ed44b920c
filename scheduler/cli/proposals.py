"""Proposals as people and programs read them: who moves, who finds no slot, what is proved."""

from collections.abc import Iterable

from scheduler.cli import screen
from scheduler.dates import Window
from scheduler.exporters import records
from scheduler.joint.costs import Figure, figures
from scheduler.replanning import standing_day
from scheduler.services.cases import Lost
from scheduler.services.network import Network
from scheduler.services.proposals import Proposal
from scheduler.subject import Visit

RANKS = {
    "lost": "visits without a slot or outside their window",
    "moved": "appointments moved",
    "days": "weighted days off target",
    "crowded": "places on days that are nearly full",
}
"""The ranks of a cost in words, the first rank first."""


def tell(found: Network, *, together: bool, exact: bool, as_json: bool) -> None:
    """Show the proposals of one site, or of all `together`; `exact` ones are an optimiser's."""
    if as_json:
        screen.print_json(_record_all(found) if together else _record(found.proposals[0]))
    for proposal in found.proposals:
        if not as_json:
            _print(proposal)
        screen.warn_incomplete(proposal.problems)
        _count(proposal, named=together)
    _remark(found, exact=exact)


def _print(found: Proposal) -> None:
    if found.lost:
        columns = ["Subject", "Visit", "Stays", "Window", "Why there is no other slot"]
        rows = [
            [
                lost.visit.subject,
                lost.visit.ref,
                screen.appointment(lost.visit),
                screen.span(lost.visit.window),
                "; ".join((*lost.reasons, *_instead(lost))),
            ]
            for lost in found.lost
        ]
        screen.print_table("Visits without another slot", columns, rows)
    if found.outside:
        columns = ["Subject", "Visit", "Day", "Window"]
        rows = [
            [visit.subject, visit.ref, screen.day(standing_day(visit)), _days(visit.window)]
            for visit in found.outside
        ]
        screen.print_table("Visits that stay, and are outside their window then", columns, rows)
    if found.told:
        columns = ["Subject", "Visit", "Before", "After", "Units", "Off target", "Window"]
        rows = [_row(before, after) for before, after in found.told]
        screen.print_table("Visits that move", columns, rows)


def _days(window: Window) -> str:
    first, last = screen.day(window.earliest), screen.day(window.latest)
    return first if first == last else f"{first} – {last}"


def _instead(lost: Lost) -> Iterable[str]:
    if lost.alternatives:
        days = (f"{screen.day(slot.start.date())} {slot.start:%H:%M}" for slot in lost.alternatives)
        yield f"outside the window: {' or '.join(days)}"


def _row(before: Visit, after: Visit) -> list[str]:
    return [
        after.subject,
        after.ref,
        screen.appointment(before),
        screen.appointment(after),
        ", ".join(taken.unit for taken in after.allocations),
        screen.off_target(after),
        screen.span(after.window),
    ]


def _count(found: Proposal, *, named: bool) -> None:
    others = len(found.told) - found.moved - found.found
    parts = [f"{found.moved} of {found.free} open appointments move"]
    parts += [f"slots for visits that had none: {found.found}"] if found.found else []
    parts += [f"other units at the same time: {others}"] if others else []
    parts += [f"without another slot: {len(found.lost)}"] if found.lost else []
    parts += [f"outside their window then: {len(found.outside)}"] if found.outside else []
    screen.say(f"{f'{found.site.code}: ' if named else ''}{'; '.join(parts)}.")


def _remark(found: Network, *, exact: bool) -> None:
    if not exact:
        screen.say(
            "Placed one participant after another, with one ejection each: the optimiser is not"
            " installed (pip install 'infusion-scheduler[optimize]')."
        )
    screen.say("What comes first counts first, and this is proved of any proposal:")
    for rank, figure in figures(found.cost, found.bound).items():
        screen.say(f"  {RANKS[rank]}: {figure.found:,}, {_proof(figure)}")


def _proof(figure: Figure) -> str:
    if figure.least is None:
        return "and nothing is proved beyond the rank before"
    if figure.least == figure.found:
        return "and none has fewer"
    if figure.least == 0:
        return "and nothing is proved of it"
    return f"and none has fewer than {figure.least:,} (gap {figure.gap:.2%})"


def _record_all(found: Network) -> records.Record:
    return {
        "sites": [_record(proposal) for proposal in found.proposals],
        "ranks": _ranks(found.cost, found.bound),
    }


def _ranks(cost: int, bound: int) -> records.Record:
    return {
        rank: {"found": figure.found, "least": figure.least, "gap": figure.gap}
        for rank, figure in figures(cost, bound).items()
    }


def _record(found: Proposal) -> records.Record:
    return {
        "site": found.site.code,
        "free": found.free,
        "lost": [
            {
                "subject": lost.visit.subject,
                **records.any_record(lost.visit),
                "reasons": list(lost.reasons),
                "alternatives": [records.when(slot.start) for slot in lost.alternatives],
            }
            for lost in found.lost
        ],
        "outside": [
            {"subject": visit.subject, **records.any_record(visit)} for visit in found.outside
        ],
        "changes": [
            {
                "subject": after.subject,
                "before": records.any_record(before),
                "after": records.any_record(after),
            }
            for before, after in found.changes
        ],
        "moved": found.moved,
        "ranks": _ranks(found.cost, found.bound),
        "incomplete": [str(problem) for problem in found.problems],
    }
