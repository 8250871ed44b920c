"""Settings: one table, and one rule for where a value comes from.

A flag wins over an environment variable, that over the configuration file, that over
the default.  A misspelt key in the file is an error, never ignored.

>>> [setting.name for setting in TABLE]
['database', 'site', 'site_files', 'caldav_user', 'caldav_password_file', 'caldav_password', \
'smtp_host', 'smtp_port', 'smtp_security', 'smtp_user', 'smtp_password_file', 'smtp_password', \
'templates', 'user', 'public_url', 'trusted_proxies']
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from os.path import isfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from platformdirs import PlatformDirs

from scheduler import files
from scheduler.errors import BadInput, Problem

if TYPE_CHECKING:
    from scheduler.webaddress import Login

PUBLIC_URL = "http://127.0.0.1:8000"
"""Where `serve` answers by default: this computer only."""

DIRS = PlatformDirs("schedule", appauthor=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One row of the table; `many` takes a list in the file, and PATH-like text elsewhere.

    A `number` may be written without quotes; a `path` counts from the file's folder; what
    is `secret` comes from the environment only and is never shown.
    """

    name: str
    about: str
    many: bool = False
    number: bool = False
    path: bool = False
    secret: bool = False

    @property
    def variable(self) -> str:
        """The environment variable of this setting."""
        return f"SCHEDULE_{self.name.upper()}"


TABLE = (
    Setting(name="database", about="address of the book, sqlite:///… or postgresql+psycopg://…"),
    Setting(name="site", about="code of the site to work for"),
    Setting(name="site_files", about="site files this computer knows", many=True),
    Setting(name="caldav_user", about="login at CalDAV servers"),
    Setting(name="caldav_password_file", about="file that holds only its password", path=True),
    Setting(name="caldav_password", about="the password itself, from the environment", secret=True),
    Setting(name="smtp_host", about="mail server that mails are handed to"),
    Setting(name="smtp_port", about="its port, if not the usual one", number=True),
    Setting(name="smtp_security", about="starttls (the default), tls, or none for a plain relay"),
    Setting(name="smtp_user", about="login at the mail server, if it asks for one"),
    Setting(name="smtp_password_file", about="file that holds only its password", path=True),
    Setting(name="smtp_password", about="the password itself, from the environment", secret=True),
    Setting(
        name="templates", about="folder of own templates that win over the shipped ones", path=True
    ),
    Setting(name="user", about="the operating person, for the history"),
    Setting(name="public_url", about="address under which people reach `schedule serve`"),
    Setting(
        name="trusted_proxies", about="whose X-Forwarded-For is believed: 10.0.0.5, 10.1.0.0/16"
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A setting's value and where it came from."""

    text: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting's value; paths of the file are relative to the file's folder."""

    values: Mapping[str, Value]
    site_files: tuple[Path, ...]

    def get(self, name: str) -> str | None:
        """The value of a setting, None where nothing names one."""
        value = self.values.get(name)
        return value.text if value else None

    @property
    def templates(self) -> Path | None:
        """The hospital's own templates folder, if it has one."""
        own = self.get("templates")
        return Path(own) if own else None

    def caldav_login(self) -> "Login | None":
        """Who logs in to CalDAV servers; None for nobody.

        Raises:
            BadInput: user or password is missing, or the password cannot be read.
        """
        from scheduler.webaddress import Login

        user, password = self.get("caldav_user"), self.get("caldav_password")
        if password is None and (file := self.get("caldav_password_file")):
            password = files.read_secret(file).rstrip("\r\n")
        if bool(user) != bool(password):
            remedy = "set caldav_user with caldav_password_file, or neither"
            missing = "password" if user else "user"
            raise BadInput([Problem("CalDAV login", f"has no {missing}", remedy)])
        return Login(user=user, password=password) if user and password else None

    @property
    def public_url(self) -> str:
        """The address under which people reach the server, without a slash at its end.

        Raises:
            BadInput: it is no address of a server.
        """
        value = self.values["public_url"]
        parts = urlsplit(value.text)
        plain = not (parts.query or parts.fragment or parts.username or parts.password)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not plain:
            remedy = "write it like https://visits.hospital.example/calendars"
            what = f"{value.text} is no address of a server"
            raise BadInput([Problem(f"public_url from {value.source}", what, remedy)])
        return value.text.rstrip("/")

    @property
    def trusted_proxies(self) -> tuple[str, ...]:
        """Addresses and networks of the reverse proxies that may speak for others.

        Raises:
            BadInput: one is neither.
        """
        value = self.values.get("trusted_proxies")
        named = [name.strip() for name in value.text.split(",")] if value else []
        wrong = [name for name in named if not _is_network(name)]
        if value and wrong:
            place, remedy = f"trusted_proxies from {value.source}", "write it like 10.0.0.5"
            raise BadInput([Problem(place, f'"{name}" is no address', remedy) for name in wrong])
        return tuple(named)


def _is_network(text: str) -> bool:
    try:
        return bool(ip_network(text))
    except ValueError:
        return False


def load(flags: Mapping[str, str | None], environ: Mapping[str, str], *, login: str) -> Settings:
    """Settings from flags, environment, file and defaults; `login` is the default user.

    Raises:
        BadInput: the configuration file cannot be read or has wrong keys or values.
    """
    path = _file(flags.get("config") or environ.get("SCHEDULE_CONFIG"))
    written = _read(path) if path else {}
    values = {"user": Value(text=login, source="login")}
    values["database"] = Value(text=_default_database(), source="default")
    values["public_url"] = Value(text=PUBLIC_URL, source="default")
    for setting in TABLE:
        if path and setting.name in written and not setting.many:
            placed = _placed(setting, str(written[setting.name]), path.parent)
            values[setting.name] = Value(text=placed, source=str(path))
        if text := environ.get(setting.variable):
            values[setting.name] = Value(text=text, source=setting.variable)
        if text := flags.get(setting.name):
            values[setting.name] = Value(text=text, source=f"--{setting.name}")
    folder = path.parent if path else Path()
    listed = [folder / name for name in written.get("site_files", ())]
    if text := environ.get("SCHEDULE_SITE_FILES"):
        listed = [Path(name) for name in text.split(":")]
    if listed:
        source = "SCHEDULE_SITE_FILES" if text else str(path)
        values["site_files"] = Value(text=", ".join(map(str, listed)), source=source)
    return Settings(values=values, site_files=tuple(listed))


def shown(value: Value) -> str:
    """A value fit for the screen: the password inside an address is masked.

    >>> shown(Value(text="postgresql+psycopg://li:secret@db/book", source="default"))
    'postgresql+psycopg://li:***@db/book'
    """
    head, at, tail = value.text.rpartition("@")
    scheme, slashes, login = head.partition("://")
    if not at or not slashes or ":" not in login:
        return value.text
    return f"{scheme}://{login.partition(':')[0]}:***@{tail}"


def _default_database() -> str:
    return f"sqlite:///{DIRS.user_data_path / 'schedule.db'}"


def _file(named: str | None) -> Path | None:
    """The configuration file: the named one, else the first there is in the usual places."""
    if named:
        return Path(named)
    places = (
        Path("schedule.toml"),
        DIRS.user_config_path / "config.toml",
        DIRS.site_config_path / "config.toml",
        Path("/etc/schedule/config.toml"),
    )
    # Not Path.is_file, which raises in a folder that belongs to somebody else.
    return next((place for place in places if isfile(place)), None)


def _read(path: Path) -> dict[str, Any]:
    from difflib import get_close_matches

    try:
        written = tomllib.loads(files.read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise BadInput([Problem(str(path), f"is no TOML: {error}")]) from error
    except RecursionError:
        raise BadInput([Problem(str(path), "is nested too deeply")]) from None
    known = {setting.name: setting for setting in TABLE}
    problems = []
    for key, value in written.items():
        if key not in known:
            near = get_close_matches(key, known, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            problems.append(Problem(f"{path}: {key}", "is no setting", remedy))
        elif known[key].secret:
            variable = known[key].variable
            remedy = f"set {key}_file to a file of its own, or {variable} in the environment"
            problems.append(Problem(f"{path}: {key}", "does not belong into this file", remedy))
        elif not _fits(known[key], value):
            problems.append(Problem(f"{path}: {key}", f"must be {_expected(known[key])}"))
    if problems:
        raise BadInput(problems)
    return written


def _expected(setting: Setting) -> str:
    return "a list of texts" if setting.many else "a number" if setting.number else "a text"


def _fits(setting: Setting, value: object) -> bool:
    if setting.many:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if setting.number:
        return type(value) is int
    return isinstance(value, str)


def _placed(setting: Setting, text: str, folder: Path) -> str:
    """A value of the file with its path, if it is one, counted from the file's folder.

    >>> _placed(TABLE[0], "sqlite:///book.db", Path("/etc/schedule"))
    'sqlite:////etc/schedule/book.db'
    """
    relative = text.removeprefix("sqlite:///")
    if setting.name == "database" and relative not in {text, "", ":memory:"}:
        return f"sqlite:///{folder / relative}"
    if setting.path or (setting.name == "site" and text.endswith(".toml")):
        return str(folder / text)
    return text
