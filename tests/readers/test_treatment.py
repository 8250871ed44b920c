"""The quick look at a protocol agrees with the thorough one."""

import pytest

from scheduler import shipped
from scheduler.products import infusions, source
from scheduler.readers import protocol
from scheduler.readers.treatment import treatment
from tests.running import SHORT

TRIAL = shipped.read("protocols/bmsc-stroke.toml").decode()


@pytest.mark.parametrize(("text", "code"), [(TRIAL, "bmsc"), (TRIAL, "routine"), (SHORT, "a")])
def test_the_quick_look_sees_what_the_whole_reader_sees(text: str, code: str) -> None:
    quick, whole = treatment(text, code), protocol.read(text, "study.toml").arm(code)
    assert (quick.dose, quick.label) == (whole.dose, whole.label)
    assert [(e.id, e.kind, e.timing.anchor, e.timing.offset) for e in quick.encounters] == [
        (e.id, e.kind, e.timing.anchor, e.timing.offset) for e in whole.encounters
    ]
    assert [e.id for e in infusions(quick)] == [e.id for e in infusions(whole)]
    procedures = source(quick), source(whole)
    assert [e.id if e else None for e in procedures[:1]] == [
        e.id if e else None for e in procedures[1:]
    ]
