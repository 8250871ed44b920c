"""A cell product from order to infusion, at the command line, on both engines."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from tests.running import Outcome, Schedule

ASPIRATED = ("visit", "complete", "ZJ-001", "aspiration", "--date", "2026-03-05")
TESTED = ("subject", "screen", "ZJ-001", "--pregnancy-test", "not applicable")
ORDER = ("product", "order", "ZJ-001", "--batch", "B-041", "--as-of", "2026-03-05")
LONG_AFTER = ("--as-of", "2027-06-01")
BATCH_KEYS = {
    *("subject", "batch", "chain", "stage", "ordered", "ordered_for"),
    *("released", "expires", "given", "reason"),
}
INFUSION_KEYS = {
    *("subject", "encounter", "occurrence", "status", "start", "weight"),
    *("cells", "volume_ml", "batch", "tests", "warnings"),
}


@pytest.fixture
def aspirated(journey: Schedule) -> Schedule:
    """The worked example, whose cells were taken, with the batch B-041 ordered."""
    journey.enter()
    assert journey(*TESTED).code == 0
    assert journey(*ASPIRATED, *LONG_AFTER).code == 0
    assert journey(*ORDER).code == 0
    return journey


def release(schedule: Schedule, on: str, expires: str, *more: str) -> Outcome:
    batch = ("--batch", "b-041", "--on", on, "--expires", expires)
    return schedule("product", "release", "ZJ-001", *batch, *more)


def give(schedule: Schedule, visit: str, day: str, *more: str) -> Outcome:
    return schedule("visit", "complete", "ZJ-001", visit, "--date", day, *more, *LONG_AFTER)


def day(schedule: Schedule, visit: str) -> str:
    found = schedule("show", "ZJ-001", "--json").json["visits"]
    *_, last = (v for v in found if v["encounter"] == visit)
    start: str = last["start"]
    return start[:10]


def test_a_product_from_order_to_infusion(aspirated: Schedule) -> None:
    refused = give(aspirated, "infusion-1", "2026-04-09")
    assert (refused.code, refused.out) == (9, "")
    assert "infusion-1 of ZJ-001 needs --batch" in refused.err
    refused = give(aspirated, "infusion-1", "2026-04-09", "--batch", "B-041")
    assert refused.code == 9
    assert "it is not released" in refused.err

    released = release(aspirated, "2026-04-07", "2026-04-16T12:00")
    assert released.code == 0
    assert "released 2026-04-07, expires 2026-04-16T12:00" in released.err
    assert "Nothing changes." in released.err

    assert give(aspirated, "infusion-1", "2026-04-09", "--batch", "B-041").code == 0
    shown = aspirated("show", "ZJ-001", "--json").json
    [batch] = shown["products"]
    assert batch.keys() == BATCH_KEYS
    assert (batch["batch"], batch["stage"], batch["given"]) == ("B-041", "released", ["infusion-1"])
    assert batch["ordered_for"] == {"kg": "68.5", "measured": "2026-03-02"}
    [coming] = shown["infusions"]
    assert coming.keys() == INFUSION_KEYS
    assert (coming["encounter"], coming["cells"], coming["batch"]) == (
        "infusion-2",
        68_500_000,
        "B-041",
    )


def test_a_swap_is_refused_loudly_and_stores_nothing(aspirated: Schedule) -> None:
    aspirated.enter()
    aspirated("product", "order", "ZJ-002", "--batch", "C-1", "--as-of", "2026-03-05")
    before = aspirated.rows()
    swapped = give(aspirated, "infusion-1", "2026-04-09", "--batch", "c-1")
    assert swapped.code == 9
    assert "STOP. BATCH C-1 BELONGS TO ZJ-002, NOT TO ZJ-001" in swapped.err
    taken = aspirated("product", "order", "ZJ-002", "--batch", "b-041", "--as-of", "2026-03-06")
    assert taken.code == 9
    assert "STOP. BATCH B-041 BELONGS TO ZJ-001" in taken.err
    assert aspirated.rows() == before


def test_a_late_release_moves_the_pair_and_then_infusion_2_alone(aspirated: Schedule) -> None:
    assert release(aspirated, "2026-04-10", "2026-04-30").code == 0
    assert (day(aspirated, "infusion-1"), day(aspirated, "infusion-2")) == (
        "2026-04-13",
        "2026-04-20",
    )
    too_late = release(aspirated, "2026-04-17", "2026-04-30", "--reason", "grew slowly")
    assert too_late.code == 9
    assert "--force with --reason" in too_late.err
    assert (
        release(aspirated, "2026-04-17", "2026-05-30", "--force", "--reason", "grew slowly").code
        == 0
    )
    planned = aspirated("deviations", "--planned", "--json").json["deviations"]
    assert [(each["encounter"], each["days"]) for each in planned] == [("infusion-1", 4)]


def test_a_failed_culture_is_repeated_and_its_history_stays(aspirated: Schedule) -> None:
    failed = aspirated(
        *("product", "fail", "ZJ-001", "--batch", "B-041", "--reason", "fungi"),
        *("--aspiration", "2026-04-08", "--as-of", "2026-04-07", "--json"),
    )
    assert failed.code == 0
    assert failed.json["product"]["stage"] == "failed"
    visits = aspirated("show", "ZJ-001", "--json").json["visits"]
    first = {v["encounter"]: v["status"] for v in visits if v["occurrence"] == 1}
    second = {v["encounter"]: v["start"][:10] for v in visits if v["occurrence"] == 2}
    assert first.pop("aspiration") == "completed"
    assert first.pop("baseline") == "scheduled"
    assert set(first.values()) == {"superseded"}
    assert (second["aspiration"], second["infusion-1"], second["infusion-2"]) == (
        "2026-04-08",
        "2026-05-13",
        "2026-05-20",
    )
    assert "Infusion 1 #2" in aspirated("show", "ZJ-001").out


def test_treatment_is_ended_and_flagged(aspirated: Schedule) -> None:
    fail = ("product", "fail", "ZJ-001", "--batch", "B-041", "--no-repeat")
    ended = aspirated(*fail, "--reason", "declines another aspiration", "--as-of", "2026-04-07")
    assert ended.code == 0
    shown = aspirated("show", "ZJ-001")
    assert "ZJ-001 is not treated: follow-ups count from matched-day-0" in shown.err
    assert day(aspirated, "day-90") == "2026-07-08"


def test_the_sheet_names_the_batch_to_expect(aspirated: Schedule) -> None:
    release(aspirated, "2026-04-07", "2026-04-16T12:00")
    aspirated("subject", "weigh", "ZJ-001", "80", "--date", "2026-04-03", *LONG_AFTER)
    assert aspirated("export", "sheets", "--week", "2026-W15").code == 0
    [name] = [name for name in aspirated.files() if "W15" in name]
    reader = PdfReader(BytesIO((aspirated.folder / name).read_bytes()))
    [text] = [t for page in reader.pages if "Infusion 1" in (t := page.extract_text())]
    words = " ".join(text.split())
    for said in ("B-041", "2026-04-07", "2026-04-16 12:00", "+16.8% off the 68.5 kg"):
        assert said in words


def test_the_laboratory_sees_what_is_coming(aspirated: Schedule) -> None:
    aspirated("subject", "weigh", "ZJ-001", "80", "--date", "2026-04-03", *LONG_AFTER)
    listed = aspirated("product", "list")
    assert listed.code == 0
    assert "80 000 000   80 ± 5 ml   B-041 (ordered)   80 kg of 2026-04-03, 6 d old" in listed.out
    assert "+16.8% off the 68.5 kg of 2026-03-02 that batch B-041 was ordered for" in listed.err
    record = aspirated("product", "list", "zj-001", "--json").json
    assert [each["encounter"] for each in record["infusions"]] == ["infusion-1", "infusion-2"]
    assert [each["batch"] for each in record["products"]] == ["B-041"]
    upcoming = aspirated("upcoming", "--as-of", "2026-04-08")
    assert "Warning: ZJ-001 infusion-1 on 2026-04-09: 80 kg is +16.8% off" in upcoming.err
    assert "infusion-2" not in upcoming.err


def test_a_confirmation_warns_of_an_old_weight(aspirated: Schedule) -> None:
    confirmed = aspirated("visit", "confirm", "ZJ-001", "infusion-1")
    assert "weighed 38 d before, on 2026-03-02; a weight counts for 7 d" in confirmed.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("order", "ZJ-001", "--batch", "Wang Li"), "at most 24 letters"),
        (("order", "ZJ-001", "--batch", "B-2", "--weighed", "2026-03-05"), "give both"),
        (("release", "ZJ-001", "--batch", "B-041", "--on", "2026-04-07"), "--expires"),
        (
            ("release", "ZJ-001", "--batch", "B", "--on", "2026-04-07", "--expires", "12:00"),
            "is no date",
        ),
        (
            ("release", "ZJ-001", "--batch", "B", "--on", "2026-04-07", "--expires", "2026-04-08T"),
            "has no time",
        ),
        (("fail", "ZJ-001", "--batch", "B-041"), "needs a --reason"),
        (
            ("fail", "ZJ-001", "--batch", "B-041", "--no-repeat", "--aspiration", "2026-05-01"),
            "exclude each other",
        ),
    ],
)
def test_wrong_words_are_usage_errors(
    aspirated: Schedule, arguments: tuple[str, ...], said: str
) -> None:
    outcome = aspirated("product", *arguments)
    assert outcome.code == 2
    assert said in outcome.err


def test_an_arm_without_product_is_told_so(journey: Schedule) -> None:
    journey("enroll", "--date", "2026-03-02", "--arm", "routine")
    refused = journey("product", "order", "ZJ-001", "--batch", "B-1", "--as-of", "2026-03-05")
    assert refused.code == 9
    assert "has no dose" in refused.err
    assert journey("show", "ZJ-001", "--json").json["products"] == []
    assert journey("show", "ZJ-001").err == ""
