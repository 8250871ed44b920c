"""What the project's pages tell their readers: commands to run, and other files to look at."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def commands(page: Path) -> list[str]:
    """The lines of a page's shell blocks, without comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]


def links(page: Path) -> list[str]:
    """The files that a page shows or leads to, relative to its folder."""
    found = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    return [link for link in found if not link.startswith(("https://", "http://", "mailto:"))]
