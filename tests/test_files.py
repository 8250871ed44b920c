"""Files are read whole or refused, and written whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.errors import BadInput, OutputError
from scheduler.files import Staging, read_bytes, read_secret, read_text

CONTENTS = st.dictionaries(
    st.sampled_from(["a.ics", "b.pdf", "c.csv"]), st.lists(st.binary(max_size=9)), min_size=1
)


def everything(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


def put(staging: Staging, *names: str) -> None:
    for name in names:
        staging.put(name, [b"page"])


def refused(folder: Path, why: str) -> None:
    with Staging(folder) as staging, pytest.raises(OutputError, match=why):
        put(staging, "b.pdf", "a.ics")


@given(content=CONTENTS)
def test_what_is_published_is_what_was_put(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, list[bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("out")
    with Staging(folder / "new" / "folder") as staging:
        finals = [staging.put(name, chunks) for name, chunks in content.items()]
        assert not [path for path in finals if path.exists()]
        assert list(staging.publish()) == finals
    assert everything(folder / "new" / "folder") == {n: b"".join(c) for n, c in content.items()}


@given(content=CONTENTS, existing=st.booleans())
def test_what_is_not_published_leaves_no_trace(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, list[bytes]], existing: bool
) -> None:
    folder = tmp_path_factory.mktemp("out")
    if existing:
        (folder / "out").mkdir()
        (folder / "out" / "a.ics").write_bytes(b"of yesterday")
    before = everything(folder)
    with Staging(folder / "out") as staging:
        for name, chunks in content.items():
            staging.put(name, chunks)
    assert everything(folder) == before


def test_content_that_fails_halfway_leaves_the_old_file(tmp_path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError("no more")

    (tmp_path / "a.ics").write_bytes(b"of yesterday")
    with pytest.raises(RuntimeError), Staging(tmp_path) as staging:
        staging.put("a.ics", chunks())
    assert everything(tmp_path) == {"a.ics": b"of yesterday"}


def test_a_name_put_twice_holds_the_later_content(tmp_path: Path) -> None:
    with Staging(tmp_path) as staging:
        staging.put("a.ics", [b"first, and longer"])
        staging.put("a.ics", [b"second"])
        assert staging.publish() == (tmp_path / "a.ics",)
    assert everything(tmp_path) == {"a.ics": b"second"}


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    for folder in (tmp_path / "out", tmp_path / "out" / "deeper"):
        refused(folder, r"cannot write .*\.pdf: (File exists|Not a dir)")
    assert everything(tmp_path) == {"out": b"a file"}


@pytest.mark.parametrize("taken", ["a.ics", ".a.ics.part"])
def test_a_folder_where_a_file_should_be(tmp_path: Path, taken: str) -> None:
    """Removing what was not written fails as well then, and must not hide the reason."""
    (tmp_path / taken).mkdir()
    refused(tmp_path, r"a\.ics: .*(folder|directory)")
    assert everything(tmp_path) == {taken: b""}


def test_a_folder_that_takes_a_name_before_it_is_published(tmp_path: Path) -> None:
    with Staging(tmp_path) as staging:
        staging.put("a.ics", [b""]).mkdir()
        with pytest.raises(OutputError, match=r"cannot write .*a\.ics"):
            staging.publish()
    assert everything(tmp_path) == {"a.ics": b""}


def test_a_name_too_long_for_a_folder(tmp_path: Path) -> None:
    refused(tmp_path / "new" / ("x" * 300), "name too long")
    assert everything(tmp_path) == {}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "text"
    path.write_bytes(text.encode())
    assert read_text(path) == text.removeprefix("\ufeff")
    path.write_bytes(text.encode("utf-8-sig"))
    assert read_text(path) == text


def test_what_cannot_be_read_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "gbk").write_bytes("输注".encode("gbk"))
    with pytest.raises(BadInput, match=r"gbk: is no UTF-8 text \(byte 0\) \(save it as UTF-8\)"):
        read_text(tmp_path / "gbk")
    with pytest.raises(BadInput, match="cannot be read: Is a directory"):
        read_bytes(tmp_path)
    with pytest.raises(BadInput, match="nowhere: cannot be read: No such file or directory"):
        read_bytes(tmp_path / "nowhere")


def test_a_secret_is_not_for_everybody(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("SECRET\n")
    path.chmod(0o640)
    assert read_secret(path) == "SECRET\n"
    path.chmod(0o644)
    with pytest.raises(BadInput, match="may be read by everybody") as caught:
        read_secret(path)
    assert "SECRET" not in str(caught.value)
    with pytest.raises(BadInput, match="cannot be read"):
        read_secret(tmp_path / "nowhere")
