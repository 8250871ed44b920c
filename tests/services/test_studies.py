"""Studies: found by name or file, and kept as they were."""

from pathlib import Path

import pytest

from scheduler.errors import BadInput, UnknownName
from scheduler.services import studies
from scheduler.store import Store
from tests.arms import trial
from tests.running import SHORT, Schedule


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A hospital's own templates folder, with things in it that are no protocols."""
    folder = tmp_path / "own" / "protocols"
    (folder / "old").mkdir(parents=True)
    (folder / "short.toml").write_text(SHORT)
    (folder / "notes.txt").write_text("ask the sponsor")
    (folder / "old" / "short.toml").write_text("old")
    (folder / ".short.toml.swp").write_text("")
    return folder.parent


def test_the_built_in_one_by_default() -> None:
    assert studies.find(None, None).protocol == trial()
    assert studies.find("bmsc-stroke", None).protocol == trial()


def test_own_ones_join_in_and_win(own: Path) -> None:
    assert studies.names(None) == ("bmsc-stroke",)
    assert studies.names(own) == ("bmsc-stroke", "short")
    assert studies.find("short", own).text == SHORT
    mine = SHORT.replace('id = "short"', 'id = "mine"')
    (own / "protocols" / "bmsc-stroke.toml").write_text(mine)
    assert studies.find(None, own).protocol.id == "mine"


def test_a_file_by_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("short.toml", "short", "short.txt"):
        (tmp_path / name).write_text(SHORT)
        for named in (name, f"./{name}", str(tmp_path / name)):
            assert studies.find(named, None).text == SHORT


def test_what_is_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for named in ("", "bmsc", "x" * 999):
        with pytest.raises(UnknownName):
            studies.find(named, None)
    for named in ("nowhere.toml", "folder/study"):
        with pytest.raises(BadInput, match="cannot be read"):
            studies.find(named, None)


def test_a_participant_stays_on_the_text_of_the_enrollment(journey: Schedule) -> None:
    journey.write("short.toml", SHORT)
    code = journey.enter(arm="a", protocol="short.toml")
    journey.write("short.toml", SHORT.replace('offset = "14 d"', 'offset = "21 d"'))
    with Store(journey.url) as store:
        kept = store.read(lambda book: studies.kept(book, book.subject(code)))
    assert kept == studies.read(SHORT, "as it was").protocol
