"""Settings: where a value comes from, and what a configuration file may not say."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler import config
from scheduler.config import TABLE, Settings, Value
from scheduler.errors import BadInput

SINGLE = [s.name for s in TABLE if not (s.many or s.number or s.path or s.secret)]
SOURCES = st.sets(st.sampled_from(["flag", "environment", "file"]))
TEXT = st.text("abc/:.", min_size=1, max_size=9)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person without any configuration, in a folder of their own."""
    for kind in ("CONFIG", "DATA"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(
    flags: Mapping[str, str | None] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    return config.load(flags or {}, environ or {}, login="li")


def written(folder: Path, text: str, name: str = "schedule.toml") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def refused(text: str, folder: Path) -> list[str]:
    with pytest.raises(BadInput) as caught:
        load({"config": str(written(folder, text, "x.toml"))})
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


@given(name=st.sampled_from(SINGLE), sources=SOURCES)
def test_a_flag_wins_over_the_environment_over_the_file_over_the_default(
    name: str, sources: set[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("precedence")
    path = written(folder, f'{name} = "by-file"\n' if "file" in sources else "")
    flags = {"config": str(path), name: "by-flag" if "flag" in sources else None}
    environ = {f"SCHEDULE_{name.upper()}": "by-environment"} if "environment" in sources else {}
    found, default = (settings.values.get(name) for settings in (load(flags, environ), load()))
    expected = [
        ("flag", Value(text="by-flag", source=f"--{name}")),
        ("environment", Value(text="by-environment", source=f"SCHEDULE_{name.upper()}")),
        ("file", Value(text="by-file", source=str(path))),
    ]
    assert found == next((value for source, value in expected if source in sources), default)


def test_defaults(home: Path) -> None:
    settings = load()
    assert settings.get("database") == f"sqlite:///{home}/data/schedule/schedule.db"
    assert settings.get("user") == "li"
    assert settings.get("site") is None
    assert settings.site_files == ()
    assert settings.templates is None
    assert {value.source for value in settings.values.values()} == {"default", "login"}


def test_an_empty_variable_names_nothing() -> None:
    assert load(environ={"SCHEDULE_SITE": "", "SCHEDULE_SITE_FILES": ""}) == load()


def test_the_file_is_found_where_people_keep_such_files(home: Path) -> None:
    places = ["etc/schedule/config.toml", "config/schedule/config.toml", "schedule.toml"]
    for number, place in enumerate(places):
        (home / place).parent.mkdir(parents=True, exist_ok=True)
        path = written(home, f'site = "S{number}"', place)
        assert load().values["site"] == Value(
            text=f"S{number}", source=place if place == "schedule.toml" else str(path)
        )
    named = written(home, 'site = "N"', "named.toml")
    assert load(environ={"SCHEDULE_CONFIG": str(named)}).get("site") == "N"
    flag = written(home, 'site = "F"', "flag.toml")
    assert load({"config": str(flag)}, {"SCHEDULE_CONFIG": str(named)}).get("site") == "F"


def test_paths_of_the_file_are_relative_to_its_folder(home: Path) -> None:
    text = """
        database = "sqlite:///books/trial.db"
        site = "sites/zj.toml"
        site_files = ["sites/zj.toml", "/srv/gz.toml"]
        templates = "own"
        smtp_password_file = "secret/password"
        smtp_port = 2525
    """
    folder = home / "hospital"
    settings = load({"config": str(written(folder, text, "config.toml"))})
    assert settings.get("database") == f"sqlite:///{folder}/books/trial.db"
    assert settings.get("site") == f"{folder}/sites/zj.toml"
    assert settings.site_files == (folder / "sites/zj.toml", Path("/srv/gz.toml"))
    assert settings.templates == folder / "own"
    assert settings.get("smtp_password_file") == f"{folder}/secret/password"
    assert settings.get("smtp_port") == "2525"


@pytest.mark.parametrize(
    "database",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:////srv/trial.db",
        "postgresql+psycopg://li:secret@db/trial",
    ],
)
def test_other_addresses_stay_as_written(home: Path, database: str) -> None:
    settings = load({"config": str(written(home, f'database = "{database}"', "x.toml"))})
    assert settings.get("database") == database


def test_site_files_of_the_environment_count_from_where_one_is(home: Path) -> None:
    path = written(home, 'site_files = ["of-file.toml"]', "x.toml")
    settings = load({"config": str(path)}, {"SCHEDULE_SITE_FILES": "a.toml:/srv/b.toml"})
    assert settings.site_files == (Path("a.toml"), Path("/srv/b.toml"))
    assert settings.values["site_files"] == Value(
        text="a.toml, /srv/b.toml", source="SCHEDULE_SITE_FILES"
    )


def test_every_mistake_of_a_file_is_listed(home: Path) -> None:
    text = (
        'databse = "x"\nsite = 5\nsite_files = "zj.toml"\ntemplates = ["a"]\nshoe_size = 43\n'
        'smtp_port = "587"\nsmtp_password = "SECRET"\n'
    )
    assert refused(text, home) == [
        "x.toml: databse: is no setting (did you mean database?)",
        "x.toml: site: must be a text",
        "x.toml: site_files: must be a list of texts",
        "x.toml: templates: must be a text",
        f"x.toml: shoe_size: is no setting (known: {', '.join(s.name for s in TABLE)})",
        "x.toml: smtp_port: must be a number",
        "x.toml: smtp_password: does not belong into this file (set smtp_password_file to a file"
        " of its own, or SCHEDULE_SMTP_PASSWORD in the environment)",
    ]


def test_a_file_that_is_no_toml_says_where(home: Path) -> None:
    [problem] = refused('site = "ZJ"\nuser = li\n', home)
    assert problem == "x.toml: is no TOML: Invalid value (at line 2, column 8)"


def test_a_file_that_is_no_text_or_not_there(home: Path) -> None:
    (home / "x.toml").write_bytes(b'site = "\xff"')
    for name, what in (("x.toml", "is no UTF-8 text"), ("y.toml", "cannot be read: No such file")):
        with pytest.raises(BadInput, match=f"^{name}: {what}"):
            load({"config": name})


def test_a_file_nested_beyond_reason_is_refused(home: Path) -> None:
    assert refused(f"site = {'[' * 9999}", home) == ["x.toml: is nested too deeply"]


@given(
    scheme=st.sampled_from(["postgresql", "postgresql+psycopg"]),
    password=st.text("pq@:/?#%5", min_size=1, max_size=12),
)
def test_no_password_is_shown(scheme: str, password: str) -> None:
    shown = config.shown(Value(text=f"{scheme}://li:{password}@db.example/trial", source="file"))
    assert shown == f"{scheme}://li:***@db.example/trial"


@pytest.mark.parametrize(
    "text", ["sqlite:////srv/trial.db", "postgresql://li@db/trial", "me@there", "", "ZJ"]
)
def test_what_holds_no_password_is_shown_whole(text: str) -> None:
    assert config.shown(Value(text=text, source="file")) == text


@given(st.binary(max_size=40))
def test_any_file_is_settings_or_bad_input(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "x.toml"
    path.write_bytes(content)
    # Anything but BadInput fails the test.
    with suppress(BadInput):
        assert load({"config": str(path)}).values.keys() <= {setting.name for setting in TABLE}
