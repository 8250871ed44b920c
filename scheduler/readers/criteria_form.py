"""The shape of a protocol's eligibility criteria: [[fact]] and [[criterion]].

A rule's `kind` says which of its keys must be there and which may.

>>> sorted(KEYS[RuleKind.AGE].must | KEYS[RuleKind.AGE].may)
['at', 'fact', 'least', 'most', 'reading']
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from scheduler.criteria import FactKind, Type
from scheduler.dates import Offset
from scheduler.readers.forms import required
from scheduler.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class FactForm:
    """A [[fact]]: one thing that is asked."""

    id: str = required("")
    kind: FactKind = required(FactKind.DATE)
    label: Words = required(Words.of())
    items: tuple[str, ...] = ()


class RuleKind(StrEnum):
    """What a rule does with its fact."""

    AGE = "age"
    ELAPSED = "elapsed"
    RANGE = "range"
    NEGATIVE_TEST = "negative-test"
    NO_FINDINGS = "no-findings"
    QUESTION = "question"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleForm:
    """A [[criterion.rule]]; a question has its words in `ask`, any other names its fact."""

    id: str = required("")
    kind: RuleKind = required(RuleKind.QUESTION)
    fact: str | None = None
    ask: Words | None = None
    least: int | None = None
    most: int | None = None
    at: str | None = None
    at_least: Offset | None = None
    at_most: Offset | None = None
    flag_edge: bool | None = None
    review: tuple[str, ...] | None = None
    infusion_valid_days: int | None = None
    reading: Words | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionForm:
    """A [[criterion]]; without a rule its own words are the question."""

    id: str = required("")
    type: Type = required(Type.INCLUSION)
    text: Words = required(Words.of())
    rule: tuple[RuleForm, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys of a kind of rule, and the kinds of fact that it can decide on."""

    must: frozenset[str]
    may: frozenset[str] = frozenset({"reading"})
    facts: frozenset[FactKind] = frozenset()


KEYS: Mapping[RuleKind, Keys] = {
    RuleKind.AGE: Keys(
        must=frozenset({"fact", "least", "most"}),
        may=frozenset({"at", "reading"}),
        facts=frozenset({FactKind.DATE}),
    ),
    RuleKind.ELAPSED: Keys(
        must=frozenset({"fact"}),
        may=frozenset({"at_least", "at_most", "flag_edge", "reading"}),
        facts=frozenset({FactKind.DATE, FactKind.EVENT}),
    ),
    RuleKind.RANGE: Keys(
        must=frozenset({"fact", "least", "most"}), facts=frozenset({FactKind.NUMBER})
    ),
    RuleKind.NEGATIVE_TEST: Keys(
        must=frozenset({"fact"}),
        may=frozenset({"infusion_valid_days", "reading"}),
        facts=frozenset({FactKind.TEST}),
    ),
    RuleKind.NO_FINDINGS: Keys(
        must=frozenset({"fact"}),
        may=frozenset({"review", "reading"}),
        facts=frozenset({FactKind.FINDINGS}),
    ),
    RuleKind.QUESTION: Keys(must=frozenset({"ask"}), may=frozenset()),
}
"""What every kind of rule is written with, beside its id and its kind."""
