"""The canonical form of a row is the JSON that is documented, whatever stands in it."""

import json

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from scheduler.store.canon import HISTORY, json_line, of_table
from tests.databases import Databases
from tests.store.tampering import live

TEXTS = st.text(st.characters(codec="utf-8"))


@given(st.dictionaries(TEXTS, TEXTS | st.integers(-(2**63), 2**63 - 1)))
def test_a_line_is_plain_json_with_sorted_keys(columns: dict[str, str | int]) -> None:
    expected = json.dumps(columns, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert json_line(columns) == expected


def test_bytes_that_are_no_utf8_have_a_line_too() -> None:
    foul = b"\xff".decode(errors="surrogateescape")
    assert json_line({"code": foul}) == f'{{"code":"{foul}"}}'


def test_a_row_is_all_that_the_fast_encoder_takes(databases: Databases) -> None:
    with databases.empty() as url:
        live(url)
        with create_engine(url, poolclass=NullPool).connect() as connection:
            for table in HISTORY:
                found = list(of_table(connection, table))
                assert found
                for row in found:
                    assert {type(name) for name in row.columns} == {str}
                    assert {type(value) for value in row.columns.values()} <= {str, int}
