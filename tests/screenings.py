"""Somebody to screen: a person whom the built-in trial lets in, and answers to change."""

from collections.abc import Mapping
from datetime import date

from scheduler.answers import Answer, PartialDate, answer
from scheduler.criteria import Criteria, Question
from tests.arms import trial

DAY = date(2026, 3, 2)

DATED = {
    "birth": "1961-03-04",
    "consent": "2026-03-01",
    "onset": "2025-11-23",
    "nihss": "12",
    "pregnancy-test": "negative 2026-03-01",
    "infections": "none",
    "febrile": "none",
    "other-trial": "2025-11-30",
}
"""Everything that is not a question, as written on the command line."""


def criteria() -> Criteria:
    """Those of the built-in trial."""
    return trial().criteria


def wanted() -> dict[str, bool]:
    """Every question with the answer that lets in."""
    return {rule.fact: rule.expected for rule in criteria().rules() if isinstance(rule, Question)}


def answers(**changed: str | None) -> Mapping[str, Answer]:
    """Answers that let in, with some written anew (other_trial="none") or left out (None)."""
    texts: dict[str, str | None] = dict(DATED)
    texts |= {id: "yes" if expected else "no" for id, expected in wanted().items()}
    texts |= {name.replace("_", "-"): text for name, text in changed.items()}
    facts = criteria()
    return {id: answer(facts.fact(id), text) for id, text in texts.items() if text is not None}


def answers_file(**changed: str) -> str:
    """The same answers as a TOML file; a changed one is written as in TOML."""
    dates = {"birth": "1961-03-04", "consent": "2026-03-01", "onset": "2025-11-23"}
    values = {
        **dates,
        "nihss": "12",
        "pregnancy-test": '"negative 2026-03-01"',
        "infections": "[]",
        "febrile": '"none"',
        "other-trial": "2025-11-30",
        **{id: str(expected).lower() for id, expected in wanted().items()},
        **{name.replace("_", "-"): text for name, text in changed.items()},
    }
    return "".join(f"{id} = {value}\n" for id, value in values.items())


def partial(text: str) -> PartialDate:
    return PartialDate.parse(text)
