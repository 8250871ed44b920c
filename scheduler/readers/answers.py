r"""A file of answers (TOML) for the facts of a protocol, or every problem in it.

A key is the id of a fact; a question is answered by true or false, findings by the list
of what is present, everything else as on the command line.

>>> from scheduler.criteria import Fact
>>> from scheduler.words import Words
>>> onset = Fact(id="onset", kind=FactKind.DATE, label=Words.of(en="Onset"))
>>> str(read('onset = "2024-05"', "a.toml", Criteria(facts=(onset,)))["onset"])
'2024-05'
>>> read('onste = "2024-05"', "a.toml", Criteria(facts=(onset,)))
Traceback (most recent call last):
scheduler.errors.BadInput: a.toml:1: onste is not a key here (did you mean "onset"?)
"""

from datetime import date, datetime

from scheduler.answers import Answer, Answers, answer, expected, findings
from scheduler.criteria import Criteria, Fact, FactKind
from scheduler.readers.forms import opened
from scheduler.readers.vocabulary import shown


def read(text: str, name: str, criteria: Criteria) -> Answers:
    """The answers in `text`; `name` is the file's name in the problems' places.

    Raises:
        BadInput: with every problem found, in the order of the text.
    """
    found = opened(text, name)
    facts = {fact.id: fact for fact in criteria.facts}
    answers: dict[str, Answer] = {}
    for id, value in found.data.items():
        if id not in facts:
            found.misspelt((id,), [other for other in facts if other not in found.data])
            continue
        try:
            answers[id] = _answer(facts[id], value)
        except ValueError as error:
            found.blame((id,), f"{error}; not {shown(value)}")
    found.settle()
    return answers


def _answer(fact: Fact, value: object) -> Answer:
    match fact.kind, value:
        case FactKind.QUESTION, bool():
            return value
        case FactKind.NUMBER, int() if not isinstance(value, bool):
            return answer(fact, str(value))
        case FactKind.FINDINGS, list() if all(isinstance(item, str) for item in value):
            return findings(fact, value)
        case ((FactKind.DATE | FactKind.EVENT), date()) if not isinstance(value, datetime):
            return answer(fact, value.isoformat())
        case ((FactKind.DATE | FactKind.EVENT | FactKind.TEST), str()):
            return answer(fact, value)
    raise ValueError(f"must be {_IN_A_FILE.get(fact.kind) or expected(fact)}")


_IN_A_FILE = {
    FactKind.QUESTION: "true or false",
    FactKind.FINDINGS: 'a list of what is present, like ["HBsAb"], or []',
}
