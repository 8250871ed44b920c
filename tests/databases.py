"""Databases for tests: SQLite files, and a PostgreSQL server of the tests' own.

The server is made from the installed binaries in a temporary folder, listens on a free
port of the loopback interface only, and asks for a password.  PostgreSQL refuses to run
as root, so for root it runs as an unprivileged user.
"""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest

from scheduler.store import Store
from scheduler.store.tables import metadata

REQUIRED = "SCHEDULE_REQUIRE_POSTGRES"
"""Set to 1, this variable turns tests that a missing program would skip into failures."""


class SqliteFiles:
    """Databases as files in one folder; the folder of each is its own."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._template = folder / "template.db"
        with Store(f"sqlite:///{self._template}") as store:
            store.write(lambda _: None)

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The URL of a database that does not exist yet."""
        yield f"sqlite:///{self._folder / str(next(self._numbers)) / 'book.db'}"

    @contextmanager
    def book(self) -> Iterator[str]:
        """The URL of a book in which nobody is enrolled."""
        with self.empty() as url:
            path = Path(url.removeprefix("sqlite:///"))
            path.parent.mkdir()
            shutil.copy(self._template, path)
            yield url


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running PostgreSQL server."""

    port: int
    password: str
    user: str = "postgres"

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of one of its databases."""
        login = f"{self.user}:{self.password}"
        return f"postgresql+psycopg://{login}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement as the superuser, outside a transaction."""
        with psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=database,
            autocommit=True,
        ) as connection:
            connection.execute(statement.encode())


class PostgresqlDatabases:
    """Databases on one server."""

    name = "postgresql"

    def __init__(self, server: Server) -> None:
        self.server = server
        self._numbers = count()
        self._spare: list[str] = []

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The URL of a database without tables, dropped at the end."""
        name = f"empty_{next(self._numbers)}"
        self.server.execute(f"CREATE DATABASE {name}")
        yield self.server.url(name)
        self.server.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def book(self) -> Iterator[str]:
        """The URL of a book in which nobody is enrolled."""
        name = self._spare.pop() if self._spare else self._create()
        yield self.server.url(name)
        # Emptied for the next test: far quicker than another database.
        deletes = "; ".join(f"DELETE FROM {table}" for table in metadata.tables)
        # Numbers begin anew too: people read some of them, those of feeds.
        restart = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"
        wipe = f"SET session_replication_role = replica; {deletes}; {restart}"
        self.server.execute(wipe, name)
        self._spare.append(name)

    def _create(self) -> str:
        name = f"book_{next(self._numbers)}"
        self.server.execute(f"CREATE DATABASE {name}")
        with Store(self.server.url(name)) as store:
            store.write(lambda _: None)
        return name


Databases = SqliteFiles | PostgresqlDatabases

HASTE = " -c fsync=off -c full_page_writes=off"


@contextmanager
def postgresql_server(*, durable: bool = False) -> Iterator[Server]:
    """A server while the block runs; skips (or, where required, fails) without binaries.

    One that is `durable` waits for the disk, which tests have no need of.
    """
    binaries = _binaries()
    if binaries is None:
        not_run("PostgreSQL's initdb and pg_ctl are not installed")
    with _folder() as folder:
        password = secrets.token_hex(16)
        data = folder / "data"
        login = [
            "--username=postgres",
            "--auth=scram-sha-256",
            f"--pwfile={_secret(folder, password)}",
        ]
        form = ["--encoding=UTF8", "--locale=C", "--no-sync"]
        _run([str(binaries / "initdb"), f"--pgdata={data}", *login, *form], folder)
        control = [str(binaries / "pg_ctl"), "--wait", f"--pgdata={data}"]
        port = _start(control, folder, "" if durable else HASTE)
        try:
            yield Server(port=port, password=password)
        finally:
            _run([*control, "stop", "--mode", "immediate"], folder)


def _secret(folder: Path, password: str) -> Path:
    """A file that only the server's user reads."""
    path = folder / "password"
    path.touch(mode=0o600)
    path.write_text(password)
    os.chown(path, folder.stat().st_uid, folder.stat().st_gid)
    return path


def _start(control: list[str], folder: Path, more: str) -> int:
    """Start the server; another program may take the free port first, so try thrice."""
    for attempt in range(3):
        port = free_port()
        options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
            f" -c max_connections=50{more}"
        )
        log = folder / f"log-{attempt}"
        try:
            _run([*control, "start", f"--log={log}", f"--options={options}"], folder)
        except subprocess.CalledProcessError:
            if attempt == 2:
                pytest.fail(f"PostgreSQL does not start:\n{log.read_text()}")
        else:
            return port
    raise AssertionError("unreachable")


def _run(command: list[str], folder: Path) -> None:
    as_root = os.geteuid() == 0
    with (folder / "output").open("ab") as output:
        try:
            subprocess.run(
                command,
                check=True,
                cwd=folder,
                env={"PATH": os.defpath, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=folder.stat().st_uid if as_root else None,
                group=folder.stat().st_gid if as_root else None,
                extra_groups=[] if as_root else None,
            )
        except subprocess.CalledProcessError as error:
            error.add_note((folder / "output").read_text()[-2000:])
            raise


@contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder that belongs to whoever will run the server."""
    # Not pytest's: an unprivileged user may not pass through root's folders.
    with tempfile.TemporaryDirectory(prefix="schedule-postgresql-") as name:
        if os.geteuid() == 0:
            user = _unprivileged()
            os.chown(name, user.pw_uid, user.pw_gid)
        yield Path(name)


def _unprivileged() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def not_run(reason: str) -> NoReturn:
    """Skip a test for lack of a program; fail it where all of them are asked for."""
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{reason}, and {REQUIRED}=1 asks for it")
    pytest.skip(reason)


def _binaries() -> Path | None:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name))
    on_path = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    for folder in [*reversed(debian), *on_path]:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    return None
