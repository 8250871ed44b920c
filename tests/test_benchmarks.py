"""Every benchmark runs, at toy size, and gives rows that the table can show."""

from types import ModuleType

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main, modules
from benchmarks.table import Row, render

TOY = 0.001


def row(*, measured: float, at_least: bool) -> Row:
    return Row(
        work="work",
        unit="ms",
        measured=measured,
        baseline_name="baseline",
        baseline=10,
        reach=2,
        at_least=at_least,
    )


@pytest.mark.parametrize(
    ("measured", "at_least", "reached"),
    [(19, False, True), (20, False, True), (21, False, False), (19, True, False), (21, True, True)],
)
def test_reach_is_a_ceiling_or_a_floor(measured: float, at_least: bool, reached: bool) -> None:
    assert row(measured=measured, at_least=at_least).reached is reached


def test_large_and_small_numbers_stay_readable() -> None:
    table = render([row(measured=324_708, at_least=True), row(measured=0.00123, at_least=False)])
    assert "324,708 ms" in table
    assert "0.00123 ms" in table
    assert len({len(line) for line in table.splitlines()}) == 1


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.__name__)
def test_a_benchmark_runs_at_toy_size(module: ModuleType) -> None:
    rows = list(module.rows(TOY))
    assert all(row.measured >= 0 and row.baseline > 0 for row in rows)
    assert len(render(rows).splitlines()) == 2 + len(rows) > 2


def test_the_command_refuses_a_scale_of_nothing() -> None:
    result = CliRunner().invoke(main, ["--scale", "0"])
    assert result.exit_code == 2
    assert "--scale" in result.stderr
