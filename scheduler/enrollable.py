"""The days on which a person can be enrolled, as far as the rules of eligibility go.

Every rule refuses all days before some day and all after another; what no rule refuses is
one window, and each of its ends has a rule to name.

>>> from scheduler.criteria import Criterion, Type
>>> from scheduler.dates import Offset
>>> from scheduler.words import Words
>>> onset = Elapsed(id="onset-max", fact="onset", at_most=Offset(months=36))
>>> stroke = Criterion(id="c", type=Type.INCLUSION, text=Words.of(en="Stroke"), rules=(onset,))
>>> print(enrollable(Criteria(criteria=(stroke,)), {"onset": PartialDate.parse("2025-11-23")}))
from 2025-11-23 (onset-max) to 2028-11-23 (onset-max)
"""

from dataclasses import dataclass
from datetime import date

from scheduler.admission import Admission
from scheduler.answers import Answers, PartialDate
from scheduler.criteria import Age, Criteria, Elapsed, Rule
from scheduler.dates import FIRST_DAY, LAST_DAY, Window
from scheduler.eligibility import judge, other_reference
from scheduler.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrollable:
    """The days on which no rule refuses, and the rules at either end; else why there are none."""

    window: Window | None
    opened_by: str | None = None
    closed_by: str | None = None
    why: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.window is None:
            return f"on no day: {'; '.join(self.why)}"
        ends = []
        if self.opened_by:
            ends.append(f"from {self.window.earliest} ({self.opened_by})")
        if self.closed_by:
            ends.append(f"to {self.window.latest} ({self.closed_by})")
        return " ".join(ends) or "on any day, by what is known"


def enrollable(criteria: Criteria, answers: Answers) -> Enrollable:
    """The days on which `screen` does not say NOT_ELIGIBLE, within FIRST_DAY..LAST_DAY."""
    spans = [(rule, _possible(rule, answers)) for rule in criteria.rules()]
    impossible = [rule for rule, span in spans if span is None]
    if impossible:
        refusals = (judge(rule, answers, FIRST_DAY) for rule in impossible)
        return Enrollable(window=None, why=tuple(f"{f.rule.id}: {f.why}" for f in refusals))
    windows = [(rule.id, span) for rule, span in spans if span is not None]
    always = (None, Window(earliest=FIRST_DAY, latest=LAST_DAY))
    opened_by, first = max((always, *windows), key=lambda pair: pair[1].earliest)
    closed_by, last = min((always, *windows), key=lambda pair: pair[1].latest)
    if last.latest < first.earliest:
        opens = f"{opened_by or 'the calendar'} allows no day before {first.earliest}"
        why = f"{opens}, {closed_by or 'it'} none after {last.latest}"
        return Enrollable(window=None, why=(why,))
    window = Window(earliest=first.earliest, latest=last.latest)
    return Enrollable(window=window, opened_by=opened_by, closed_by=closed_by)


def _possible(rule: Rule, answers: Answers) -> Window | None:
    """The days of enrollment that the rule does not refuse, if there are any."""
    known = answers.get(rule.fact)
    counted_elsewhere = isinstance(rule, Age) and other_reference(rule, answers) is not None
    if isinstance(rule, Age | Elapsed) and isinstance(known, PartialDate) and not counted_elsewhere:
        return Admission.of(rule, known).possible
    refused = judge(rule, answers, FIRST_DAY).outcome is Outcome.NOT_ELIGIBLE
    return None if refused else Window(earliest=date.min, latest=date.max)
