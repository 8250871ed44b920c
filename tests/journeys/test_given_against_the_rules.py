"""Infusions that were given against the rules: refused, recorded by decision, found for ever."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from tests.running import Outcome, Schedule, site_file

INFUSION = "2026-04-09"
FORCE = ("--force", "--reason", "given before anybody looked")


def infuse(schedule: Schedule, subject: str, batch: str, *more: str) -> Outcome:
    words = ("visit", "complete", subject, "infusion-1", "--batch", batch)
    return schedule(*words, "--as-of", INFUSION, *more)


def done(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome.err
    return outcome


def clear(schedule: Schedule, subject: str) -> None:
    words = ("subject", "screen", subject, "--pregnancy-test", "not applicable")
    done(schedule(*words, "--as-of", "2026-04-02"))


def found(schedule: Schedule, *more: str) -> list[tuple[str, str, str]]:
    """Of every deviation of an infusion: whose, kind and what."""
    listed = done(schedule("deviations", "--as-of", INFUSION, "--json", *more)).json["deviations"]
    infused = [each for each in listed if each["encounter"].startswith("infusion")]
    return [(each["subject"], each["kind"], each["what"]) for each in infused]


@pytest.fixture
def ward(journey: Schedule) -> Schedule:
    """Two participants whose cells were taken: B-1 is released until April 8th, B-2 ordered."""
    for number, batch in (("ZJ-001", "B-1"), ("ZJ-002", "B-2")):
        journey.enter()
        done(journey("visit", "complete", number, "aspiration", "--as-of", "2026-03-05"))
        done(journey("product", "order", number, "--batch", batch, "--as-of", "2026-04-02"))
    release = ("product", "release", "ZJ-001", "--batch", "B-1", "--on", "2026-04-07")
    done(journey(*release, "--expires", "2026-04-08"))
    return journey


def test_what_was_given_without_a_result_and_expired_is_recorded_by_decision(
    ward: Schedule,
) -> None:
    before = ward.rows()
    refused = infuse(ward, "ZJ-001", "B-1")
    assert refused.code == 9
    assert "a coordinator or investigator records that: --force --reason TEXT" in refused.err
    assert infuse(ward, "ZJ-001", "B-1", "--force").code == 2
    preview = done(infuse(ward, "ZJ-001", "B-1", *FORCE, "--dry-run", "--json"))
    assert ward.rows() == before
    told = done(infuse(ward, "ZJ-001", "B-1", *FORCE, "--json"))
    assert told.json == preview.json
    assert told.json["breaches"] == [
        "given with batch B-1: it expired 2026-04-08",
        "given without a valid test result: Pregnancy test: no result is on record",
    ]
    assert "Deviation: given without a valid test result" in told.err
    assert found(ward) == [
        ("ZJ-001", "unfit-batch", told.json["breaches"][0]),
        ("ZJ-001", "no-valid-test", told.json["breaches"][1]),
    ]


def test_what_becomes_known_later_mends_nothing_and_what_is_undone_leaves_nothing(
    ward: Schedule,
) -> None:
    done(infuse(ward, "ZJ-001", "B-1", *FORCE))
    first = found(ward)
    result = ("subject", "screen", "ZJ-001", "--pregnancy-test", "negative 2026-04-08")
    done(ward(*result, "--as-of", "2026-04-10"))
    assert found(ward) == first
    shown = done(ward("show", "ZJ-001"))
    assert (
        "infusion-1 on 2026-04-09: given with batch B-1: it expired 2026-04-08"
        " (recorded by li: given before anybody looked)"
    ) in shown.out
    kinds = [each["kind"] for each in done(ward("show", "ZJ-001", "--json")).json["breaches"]]
    assert kinds == ["unfit-batch", "no-valid-test"]
    trail = done(ward("audit", "--subject", "ZJ-001")).out
    assert "given without a valid test result" in " ".join(trail.split())
    done(ward("visit", "resume", "ZJ-001", "infusion-1", "--reason", "mistyped"))
    assert found(ward) == []
    # With a result on record by now, only the batch remains to be decided about.
    told = done(infuse(ward, "ZJ-001", "B-1", *FORCE, "--json"))
    assert told.json["breaches"] == ["given with batch B-1: it expired 2026-04-08"]
    assert done(ward("audit", "verify")).code == 0


def test_a_swap_that_happened_is_the_first_thing_an_inspector_finds(ward: Schedule) -> None:
    for number in ("ZJ-001", "ZJ-002"):
        clear(ward, number)
    done(infuse(ward, "ZJ-001", "B-1", *FORCE))
    stopped = infuse(ward, "ZJ-002", "B-1")
    assert stopped.code == 9
    assert "STOP. BATCH B-1 BELONGS TO ZJ-001, NOT TO ZJ-002." in stopped.err
    assert "--force --reason TEXT" in stopped.err
    told = done(infuse(ward, "ZJ-002", "B-1", *FORCE))
    assert "Deviation: BATCH B-1 OF ZJ-001 WAS GIVEN; it expired 2026-04-08" in told.err
    assert "STOP. Tell the investigator now, and whoever treats ZJ-001" in told.err
    listed = found(ward)
    assert [each[:2] for each in listed] == [
        ("ZJ-002", "swapped-batch"),
        ("ZJ-001", "unfit-batch"),
    ]
    assert "BATCH B-1 OF ZJ-001 WAS GIVEN" in listed[0][2]
    for language, words in (("en", "BATCH B-1 OF ZJ-001 WAS GIVEN"), ("zh", "误输 ZJ-001 的批次")):
        done(ward("deviations", "--pdf", f"{language}.pdf", "--language", language))
        pages = PdfReader(BytesIO((ward.folder / f"{language}.pdf").read_bytes())).pages
        assert words in " ".join(" ".join(page.extract_text() for page in pages).split())
    [visit] = [
        each
        for each in done(ward("show", "ZJ-002", "--json")).json["visits"]
        if each["encounter"] == "infusion-1"
    ]
    assert "ZJ-001" not in " ".join(visit["why"])
    assert "BATCH B-1 OF ANOTHER PARTICIPANT WAS GIVEN" in " ".join(visit["why"])


def test_a_batch_that_went_to_somebody_else_is_never_given_again(ward: Schedule) -> None:
    for number in ("ZJ-001", "ZJ-002"):
        clear(ward, number)
    done(infuse(ward, "ZJ-002", "B-1", *FORCE))

    def batch() -> dict[str, object]:
        listed = done(ward("product", "list", "ZJ-001", "--json")).json["products"]
        [one] = listed
        return dict(one)

    assert (batch()["subject"], batch()["given"]) == ("ZJ-001", ["ZJ-002 infusion-1"])
    warned = done(ward("show", "ZJ-001")).err
    assert "batch B-1 cannot be given: it was recorded as given to ZJ-002 infusion-1" in warned
    assert infuse(ward, "ZJ-001", "B-1").code == 9
    # Neither by a correction of its release, nor by taking the record back.
    again = ("product", "release", "ZJ-001", "--batch", "B-1", "--on", "2026-04-07")
    assert ward(*again, "--expires", "2026-04-20", "--reason", "longer").code == 9
    done(ward("visit", "resume", "ZJ-002", "infusion-1", "--reason", "mistyped"))
    assert found(ward) == []
    assert batch()["given"] == ["ZJ-002 infusion-1"]
    refused = infuse(ward, "ZJ-001", "B-1")
    assert "it was recorded as given to ZJ-002 infusion-1" in refused.err
    # Nor is it handed over: to order it for the other one stays impossible.
    order = ("product", "order", "ZJ-002", "--batch", "B-1", "--as-of", "2026-04-02")
    assert ward(*order).code == 9


def test_only_the_desk_decides_that(schedule: Schedule) -> None:
    schedule.enter()
    done(schedule("visit", "complete", "ZJ-001", "aspiration", "--as-of", "2026-03-05"))
    done(schedule("product", "order", "ZJ-001", "--batch", "B-1", "--as-of", "2026-04-02"))
    site = schedule.write("zj.toml", site_file('[people]\nli = "nurse"'))
    before = schedule.rows()
    words = ("visit", "complete", "ZJ-001", "infusion-1", "--batch", "B-1", "--as-of", INFUSION)
    refused = schedule("--site", site, *words, *FORCE)
    assert refused.code == 9
    assert "li may not record infusion-1 against the rules: li has the role nurse" in refused.err
    assert schedule.rows() == before
    ahead = schedule(*words, *FORCE, "--date", "2026-04-10")
    assert ahead.code == 2, "what lies ahead cannot have been given"
