"""The shipped folder, and the hospital's own files laid over it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler import shipped
from scheduler.errors import BadInput, BadValue, UnknownName

NAME = st.lists(st.sampled_from(["a", "b", "输注"]), min_size=1, max_size=3).map("/".join)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


def put(root: Path, name: str, content: bytes) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_the_built_in_protocol_ships() -> None:
    assert b"bmsc-stroke" in shipped.read("protocols/bmsc-stroke.toml")
    assert "protocols/bmsc-stroke.toml" in shipped.names("protocols")


def test_every_listed_name_can_be_read() -> None:
    for name in shipped.names():
        assert shipped.read(name) == (shipped.folder() / name).read_bytes()


def test_the_listing_is_sorted_and_lists_each_name_once(own: Path) -> None:
    put(own, "protocols/bmsc-stroke.toml", b"ours")
    listed = shipped.names("protocols", own)
    assert list(listed) == sorted(set(listed))


def test_the_hospitals_own_file_wins(own: Path) -> None:
    put(own, "protocols/bmsc-stroke.toml", b"ours")
    assert shipped.read("protocols/bmsc-stroke.toml", own) == b"ours"
    assert shipped.read("protocols/bmsc-stroke.toml") != b"ours"


def test_a_file_of_a_new_name_joins_in(own: Path) -> None:
    put(own, "protocols/ours.toml", b"ours")
    assert shipped.read("protocols/ours.toml", own) == b"ours"
    assert {"protocols/ours.toml", "protocols/bmsc-stroke.toml"} <= set(
        shipped.names("protocols", own)
    )


def test_other_names_still_come_from_the_shipped_folder(own: Path) -> None:
    assert shipped.names("protocols", own) == shipped.names("protocols")
    assert shipped.read("protocols/bmsc-stroke.toml", own) == shipped.read(
        "protocols/bmsc-stroke.toml"
    )


def test_hidden_files_are_not_listed(own: Path) -> None:
    put(own, "protocols/.ours.toml.swp", b"")
    put(own, ".git/config", b"")
    assert shipped.names(own=own) == shipped.names()


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r'did you mean "protocols/bmsc-stroke\.toml"'):
        shipped.read("protocols/bmsc-stoke.toml")


def test_a_missing_folder_of_ones_own_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nowhere"):
        shipped.read("protocols/bmsc-stroke.toml", tmp_path / "nowhere")
    with pytest.raises(BadInput, match="nowhere"):
        shipped.names(own=tmp_path / "nowhere")


@given(NAME, st.sampled_from(["/{}", "../{}", "a/../../{}", "a\\{}"]))
def test_no_name_leads_out_of_the_folder(name: str, way_out: str) -> None:
    with pytest.raises(BadValue):
        shipped.read(way_out.format(name))
    with pytest.raises(BadValue):
        shipped.names(way_out.format(name))
