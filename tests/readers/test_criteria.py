"""Criteria are read whole or refused whole; those of the built-in trial are the registry's."""

import pytest

from scheduler.criteria import Age, Elapsed, FactKind, NoFindings, Question, Range, Type
from scheduler.dates import Offset
from scheduler.errors import BadInput, Problem
from scheduler.readers.protocol import read
from scheduler.words import Words
from tests.arms import trial

REGISTRY = (
    "Inclusion Criteria: Patients aged 18-65 years old in the rehabilitation period of cerebral "
    "infarction (including subacute stage, chronic stage and sequelae stage, with onset time ≤ 3 "
    "years), regardless of gender; Definite cerebral infarction in the blood supply area of middle "
    "cerebral artery confirmed by imaging; There are clear neurological deficits, such as motor "
    "and cognitive dysfunction (National Institutes of Health Stroke Scale 7 < NIHSS < 21 points); "
    "Those who agree to take effective contraceptive measures during the study period, and women "
    "of childbearing age have negative pregnancy test; Sign the informed consent of the patient "
    "and agree to participate in all visits, examinations and treatments as required by the study "
    "protocol. Exclusion Criteria: Lacunar cerebral infarction; Acute cerebral infarction, onset "
    "time < 2 weeks; Mild ischemic stroke or mild neurological impairment or severe ischemic "
    "stroke, with coma; Patients with moyamoya disease, vascular malformation, hemangioma and "
    "carotid stenosis exceeding 70%; Patients with severe heart valve disease or confirmed "
    "intractable atrial fibrillation; Complicated with intracranial hemorrhage or tumor; Patients "
    "with cerebral infarction caused by blood system diseases, or those with previous blood "
    "history or family history of blood diseases; Any one of 5 items of hepatitis B virus (HBsAg, "
    "HBsAb, HBeAg, HBeAb, HBcAb), hepatitis C virus (HCV) antibody, human immunodeficiency virus "
    "(HIV) antibody and syphilis spiral physical examination; Those with severe respiratory or "
    "circulatory system or liver and kidney dysfunction who cannot tolerate treatment and "
    "examination; Severe febrile disease or viral disease in the past 12 weeks; Malignant tumor; "
    "Those who have a previous history of autoimmune diseases or a family history of autoimmune "
    "diseases; Previous history of drug allergy; Pregnant or lactating women; Those who are "
    "participating or have participated in this study or participated in other clinical trials "
    "within 12 weeks before enrollment; Other circumstances that the investigator considers "
    "inappropriate for participation in this study."
)

SMALL = """\
id = "small"
version = "1"
title = { en = "Small study" }

[[epoch]]
id = "all"
label = { en = "All of it" }

[[fact]]
id = "birth"
kind = "date"
label = { en = "Date of birth" }

[[fact]]
id = "consent"
kind = "date"
label = { en = "Consent" }

[[fact]]
id = "score"
kind = "number"
label = { en = "Score" }

[[fact]]
id = "illness"
kind = "event"
label = { en = "End of illness" }

[[fact]]
id = "virus"
kind = "findings"
label = { en = "Positive" }
items = ["A", "B"]

[[criterion]]
id = "adult"
type = "inclusion"
text = { en = "Adults" }

[[criterion.rule]]
id = "age"
kind = "age"
fact = "birth"
at = "consent"
least = 18
most = 65
reading = { en = "completed years" }

[[criterion.rule]]
id = "mild"
kind = "range"
fact = "score"
least = 2
most = 4

[[criterion]]
id = "ill"
type = "exclusion"
text = { en = "Ill" }

[[criterion.rule]]
id = "recent"
kind = "elapsed"
fact = "illness"
at_least = "12 w"
at_most = "3 y"
flag_edge = true

[[criterion.rule]]
id = "viral"
kind = "no-findings"
fact = "virus"
review = ["B"]

[[criterion.rule]]
id = "seen"
kind = "question"
ask = { en = "Looks ill" }

[[criterion]]
id = "other"
type = "exclusion"
text = { en = "Other reasons" }

[[arm]]
code = "a"
label = { en = "Arm" }

[[arm.encounter]]
id = "visit"
label = { en = "Visit" }
kind = "check"
epoch = "all"
anchor = "enrollment"
offset = "0 d"
window = "0 d"
minutes = 30
basis = "assumption"
"""


def problems(text: str) -> tuple[Problem, ...]:
    try:
        read(text, "study.toml")
    except BadInput as error:
        return error.problems
    return ()


def test_the_criteria_of_the_trial_are_those_of_the_registry_word_by_word() -> None:
    texts = {
        type: [c.text.say("en") for c in trial().criteria.criteria if c.type is type]
        for type in Type
    }
    assert [len(listed) for listed in texts.values()] == [5, 16]
    inclusion, exclusion = ("; ".join(listed) for listed in texts.values())
    assert f"Inclusion Criteria: {inclusion}. Exclusion Criteria: {exclusion}." == REGISTRY


def test_everything_about_the_criteria_of_the_trial_is_there_in_chinese() -> None:
    criteria = trial().criteria
    asked = [fact.label for fact in criteria.facts]
    readings = [rule.reading for rule in criteria.rules() if not isinstance(rule, Question)]
    for words in (*(c.text for c in criteria.criteria), *asked, *readings):
        assert {language for language, _ in words.texts} == {"en", "zh"}


def test_the_rules_of_the_trial_are_those_of_its_table() -> None:
    rules = {rule.id: rule for rule in trial().criteria.rules()}
    told = {id: str(rule) for id, rule in rules.items() if not isinstance(rule, Question)}
    assert told == {
        "age": "18 to 65 completed years",
        "onset-max": "at most 3 years",
        "onset-min": "at least 14 days",
        "febrile": "at least 84 days",
        "other-trial": "at least 84 days",
        "nihss": "8 to 20",
        "pregnancy": "negative, with its date; for infusions at most 15 d old",
        "hbsab": "none",
        "consent-signed": "at least 0 days",
    }
    assert len(trial().criteria.fact("infections").items) == 8


def test_every_key_gets_into_the_value() -> None:
    criteria = read(SMALL, "small.toml").criteria
    assert list(criteria.rules()) == [
        Age(
            id="age",
            fact="birth",
            least=18,
            most=65,
            at="consent",
            reading=Words.of(en="completed years"),
        ),
        Range(id="mild", fact="score", least=2, most=4),
        Elapsed(
            id="recent",
            fact="illness",
            at_least=Offset(days=84),
            at_most=Offset(months=36),
            flag_edge=True,
        ),
        NoFindings(id="viral", fact="virus", review=("B",)),
        Question(id="seen", fact="seen", expected=False),
        Question(id="other", fact="other", expected=False),
    ]
    kinds = {fact.id: fact.kind for fact in criteria.facts}
    assert kinds["seen"] is kinds["other"] is FactKind.QUESTION
    assert str(criteria.fact("other").label) == "Other reasons"
    assert criteria.fact("virus").items == ("A", "B")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('kind = "age"', 'kind = "aeg"', 'kind "aeg" is not one of age, elapsed'),
        ('id = "age"', 'id = "Age"', 'id "Age" has other characters'),
        ('id = "mild"', 'id = "age"', 'rule "age": id "age" is used twice'),
        ('id = "seen"', 'id = "birth"', 'id "birth" is used twice, first in line 10'),
        ('id = "other"', 'id = "seen"', 'id "seen" is used twice'),
        ('id = "other"', 'id = "ill"', 'criterion "ill": id "ill" is used twice'),
        ('id = "score"', 'id = "birth"', 'fact "birth": id "birth" is used twice'),
        ('fact = "birth"', 'fact = "brith"', 'fact "brith" is not a fact of this file'),
        ('fact = "birth"', "", 'rule "age": fact is missing, which age rules must have'),
        ('fact = "birth"', 'fact = "score"', 'fact "score" is of kind number'),
        ('at = "consent"', 'at = "illness"', 'at "illness" is of kind event; here'),
        ('at = "consent"', 'at = "enrollment"', 'at "enrollment" is not a fact of this file'),
        ("least = 18", "", "least is missing, which age rules must have"),
        ("least = 18", "least = 180", "least must be from 0 to 150, not 180"),
        ("most = 65", "most = 17", "most is 17, less than the least, 18"),
        ("most = 4", "most = 1", "most is 1, less than the least, 2"),
        ("most = 4", 'most = 4\nat_most = "1 d"', "at_most is not a key of range rules"),
        ('at_least = "12 w"\nat_most = "3 y"\nflag_edge = true', "", "at_least and at_most are"),
        ('at_least = "12 w"\n', "", "flag_edge is only possible with at_least"),
        ('at_least = "12 w"', 'at_least = "-12 w"', 'at_least must be like "14 d"'),
        ('at_least = "12 w"', 'at_least = "4 y"', "at_most is shorter than at_least"),
        ('at_most = "3 y"', 'at_most = "3000 y"', "at_most must be like"),
        ('review = ["B"]', 'review = ["b"]', '"b" is not an item of "virus"'),
        ('items = ["A", "B"]', "", "items is missing"),
        ('items = ["A", "B"]', 'items = ["A", "B", "b"]', '"b" is there twice'),
        ('items = ["A", "B"]', 'items = ["A", "B", "x, y"]', "cannot be told from an answer"),
        ('label = { en = "Score" }', 'label = { en = "S" }\nitems = ["A"]', "items belong to"),
        ('ask = { en = "Looks ill" }', "", "ask is missing, which question rules must have"),
        ('type = "inclusion"', 'type = "include"', 'type "include" is not one of'),
        ('text = { en = "Ill" }', "", 'criterion "ill": text is missing'),
        ("least = 2\n", "laest = 2\n", 'laest is not a key here (did you mean "least"?)'),
        ('at = "consent"\n', "", 'id "consent" is asked for by no rule'),
    ],
)
def test_every_mistake_is_told_with_its_line(old: str, new: str, what: str) -> None:
    assert old in SMALL
    found = problems(SMALL.replace(old, new, 1))
    assert any(what in str(problem) for problem in found), list(map(str, found))
    assert all(problem.place.startswith("study.toml:") for problem in found)


def test_ten_mistakes_are_told_at_once() -> None:
    wrong = SMALL
    for old, new in [
        ('kind = "date"', 'kind = "day"'),
        ('kind = "event"', 'kind = "events"'),
        ('items = ["A", "B"]', "items = []"),
        ("least = 18", "least = 200"),
        ('fact = "score"', 'fact = "scroe"'),
        ("most = 4", "most = -4"),
        ('at_least = "12 w"', 'at_least = "12"'),
        ("flag_edge = true", 'flag_edge = "yes"'),
        ('kind = "question"', 'kind = "query"'),
        ('type = "inclusion"', 'type = "in"'),
    ]:
        wrong = wrong.replace(old, new, 1)
    assert len(problems(wrong)) >= 10
