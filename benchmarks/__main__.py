"""Runs every benchmark and prints the table of ratios: ``./run bench [--scale X]``.

>>> [module.__name__ for module in modules()] == sorted(m.__name__ for m in modules())
True
"""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import click

import benchmarks
from benchmarks.apart import apart
from benchmarks.table import Row, render


def modules() -> list[ModuleType]:
    """The modules of this folder that offer rows, by name."""
    found = (
        importlib.import_module(f"{benchmarks.__name__}.{info.name}")
        for info in pkgutil.iter_modules(benchmarks.__path__)
        if info.name != "__main__"
    )
    return [module for module in found if hasattr(module, "rows")]


def measure(scale: float) -> Iterator[Row]:
    """Every row of every module, measured module by module."""
    for module in modules():
        click.echo(f"measuring {module.__name__}", err=True)
        yield from apart(module.__name__, scale)


@click.command(help="Print the table of ratios, each against a baseline of the same run.")
@click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Size of the work; 1 is the size the figures in docs/architecture.md speak of.",
)
def main(scale: float) -> None:
    click.echo(render(measure(scale)))


if __name__ == "__main__":
    main(prog_name="./run bench")
