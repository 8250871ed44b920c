"""What is packaged is what is in the tree, and works away from it."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from configparser import ConfigParser
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("scheduler", "templates", "LICENSE", "README.md", "pyproject.toml", "setup.cfg")
LOCKS = ("build.lock", "requirements.lock")
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>\S+)(?P<rest>.*(?:\n    .*)*)", re.MULTILINE)


def configuration() -> ConfigParser:
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {canonicalize_name(found["name"]): found["version"] for found in PIN.finditer(text)}


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Standard output of a command that must succeed; settings of the tests stay outside."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "SCHEDULE_"))
    }
    done = subprocess.run(
        command,
        cwd=cwd,
        env=clean | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build_wheel(source: Path, out: Path) -> Path:
    """A wheel from a folder or an sdist, with the locked setuptools and no index."""
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--no-cache-dir")
    pip = (sys.executable, "-m", "pip", "--quiet", "wheel")
    run(*pip, *offline, "--wheel-dir", out, source, cwd=out.parent)
    (wheel,) = out.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources: building in the checkout would leave build folders there."""
    copy = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", ".*")
            )
        else:
            shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(source, tmp_path_factory.mktemp("wheel") / "out")


@pytest.fixture(scope="module")
def sdist(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sdist")
    build = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    run(sys.executable, "-c", build, out, cwd=source)
    (archive,) = out.glob("*.tar.gz")
    return archive


def installed(wheel: Path, into: Path) -> Path:
    offline = ("--no-deps", "--no-index", "--no-compile")
    pip = (sys.executable, "-m", "pip", "--quiet", "install")
    run(*pip, *offline, "--target", into, wheel, cwd=into.parent)
    return into


def contents(wheel: Path) -> set[str]:
    names = ZipFile(wheel).namelist()
    return {name for name in names if not name.split("/")[0].endswith(".dist-info")}


def files_below(folder: Path, name: str) -> set[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {f"{name}/{path.relative_to(folder).as_posix()}" for path in paths}


def test_setup_cfg_lists_every_package_of_the_tree() -> None:
    listed = configuration()["options"]["packages"].split()
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "scheduler").rglob("*.py")}
    assert listed == sorted(listed)
    assert set(listed) == {".".join(path.parts) for path in folders} | {"scheduler.templates"}


def test_the_wheel_holds_every_file_of_the_tree(source: Path, wheel: Path) -> None:
    code = files_below(source / "scheduler", "scheduler")
    templates = files_below(source / "templates", "scheduler/templates")
    assert contents(wheel) == code | templates


FROM_THERE = """
import scheduler, sys
assert scheduler.__file__.startswith(sys.argv.pop(1)), scheduler.__file__
from scheduler.cli import main
main()
"""


def schedule(package: Path, *words: str, cwd: Path) -> str:
    """What the program that lies in the folder `package` prints, run in another folder."""
    cwd.mkdir()
    program = (sys.executable, "-c", FROM_THERE, package)
    home = {"HOME": str(cwd), "XDG_CONFIG_HOME": str(cwd), "XDG_DATA_HOME": str(cwd)}
    return run(*program, *words, cwd=cwd, PYTHONPATH=str(package), PYTHONUTF8="1", **home)


def test_an_installed_wheel_works_in_another_folder(wheel: Path, tmp_path: Path) -> None:
    target = installed(wheel, tmp_path / "target")
    words = ("enroll", "--date", "2026-03-02", "--arm", "bmsc", "--weight", "68.5")
    enrolled = schedule(target, "--json", *words, cwd=tmp_path / "elsewhere")
    calendar, sheets = (tmp_path / "elsewhere" / name for name in json.loads(enrolled)["files"])
    assert calendar.read_bytes().startswith(b"BEGIN:VCALENDAR")
    assert sheets.read_bytes().startswith(b"%PDF")


def test_an_sdist_builds_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    assert contents(build_wheel(sdist, tmp_path / "out")) == contents(wheel)


def test_an_unpacked_sdist_finds_its_templates(sdist: Path, tmp_path: Path) -> None:
    run("tar", "-xf", sdist, cwd=tmp_path)
    unpacked = tmp_path / sdist.name.removesuffix(".tar.gz")
    listed = schedule(unpacked, "protocol", "list", cwd=tmp_path / "elsewhere")
    assert "bmsc-stroke" in listed


def requirements() -> Iterable[str]:
    options = configuration()
    yield from options["options"]["install_requires"].split("\n")
    for extra in options["options.extras_require"].values():
        yield from extra.split("\n")


def test_every_dependency_is_locked() -> None:
    locked = pins("requirements.lock")
    for requirement in map(Requirement, filter(None, requirements())):
        version = locked.get(canonicalize_name(requirement.name), "nothing; run ./run lock")
        assert requirement.specifier.contains(version), f"{requirement} against {version}"


def test_every_build_requirement_is_locked() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    locked = pins("build.lock")
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)])


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert all("--hash=sha256:" in found["rest"] for found in PIN.finditer(text))
    entries = [line for line in text.splitlines() if not line.startswith("#")]
    assert not [line for line in entries if "/" in line or line.startswith("-")]
