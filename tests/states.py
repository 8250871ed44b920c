"""The picture of a visit's states in the documents, made from the table of acts.

After a change of the table that is meant, write it anew with

    python -m tests.states
"""

from pathlib import Path

from scheduler.life import BEDSIDE, RULES, Rule
from scheduler.sites import Role
from scheduler.subject import Status

PAGE = Path(__file__).parents[1] / "docs" / "states.md"

_HEAD = """# The life of a visit

Made from the table of acts in `scheduler/life.py`; `python -m tests.states` writes it anew.

Enrolling begins a visit as scheduled, or as planned where nothing is free. Planned: foreseen,
without a slot. Scheduled: has a slot; when what it counts from moves, it follows, and is planned
again if nothing is free. Confirmed: agreed with the participant, so it moves only when named.
Held: keeps its slot and waits. Cancelled or missed: its slot is free, and its expected date goes
on counting for what hangs on it. Superseded: another occurrence took its place.
"""

_FOOT = """
- A move without a free slot to go to is refused. Resuming takes the old slot; where that is gone,
  the visit is placed anew, and is planned when nothing is free.
- To complete a visit outside its window needs a reason. Nothing is completed or missed ahead of
  its day.
- No visit is completed before the one it counts from, and that one is not taken up again later.
- Forced, always with a reason: a move out of the window, or one that costs another visit its slot;
  the record of an infusion that took place without a valid test result, or with a batch that was
  not released, had expired, or was another participant's. Each is a deviation; nothing that is
  still to come is planned so.
- Where the site file names nobody under `[people]`, everybody may do everything.
- To withdraw a participant cancels every open visit, by the same rule. To weigh or screen
  one is for {weighing}.
"""


def page() -> str:
    """The whole page."""
    foot = _FOOT.format(weighing=_people(BEDSIDE))
    return "\n".join((_HEAD, _diagram(), _table(), foot))


def _diagram() -> str:
    """Statuses and the acts that lead from one to another."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for rule in RULES:
        for source in [status.value for status in _in_order(rule.sources)] or ["[*]"]:
            arrows.setdefault((source, rule.result.value), []).append(rule.act.value)
    lines = [f"  {a} --> {b}: {', '.join(acts)}" for (a, b), acts in sorted(arrows.items())]
    return "\n".join(("```mermaid", "stateDiagram-v2", *lines, "```", ""))


def _table() -> str:
    """Who may do what, and what needs a reason."""
    lines = ["| act | from | to | by | reason | forced by |", "|---|---|---|---|---|---|"]
    return "\n".join((*lines, *map(_row, RULES)))


def _row(rule: Rule) -> str:
    sources = ", ".join(_in_order(rule.sources)) or "nothing"
    reason = "needed" if rule.reason else ""
    by, forced = _people(rule.by), _people(rule.forced)
    return f"| {rule.act} | {sources} | {rule.result} | {by} | {reason} | {forced} |"


def _people(roles: frozenset[Role]) -> str:
    return ", ".join(role for role in Role if role in roles)


def _in_order(statuses: frozenset[Status]) -> list[Status]:
    return [status for status in Status if status in statuses]


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
