"""Shared ground of the tests: one hypothesis profile, and databases of both engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from scheduler.delivery.smtp import Security
from scheduler.store import Store
from tests.caldavservers import Server, radicale, xandikos
from tests.databases import Databases, PostgresqlDatabases, SqliteFiles, postgresql_server
from tests.mailserver import MailServer
from tests.mailserver import mail_servers as servers_of_every_kind
from tests.running import Schedule, at_a_desk

settings.register_profile(
    "default", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("default")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlDatabases]:
    """A PostgreSQL server for the whole run; its tests are skipped without binaries."""
    with postgresql_server() as server:
        yield PostgresqlDatabases(server)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Databases:
    """As many databases as a test wants; every test that asks runs on both engines."""
    if request.param == "postgresql":
        made: PostgresqlDatabases = request.getfixturevalue("postgresql")
        return made
    return SqliteFiles(tmp_path_factory.mktemp("databases"))


@pytest.fixture
def store(databases: Databases) -> Iterator[Store]:
    """A book in which nobody is enrolled, on either engine."""
    with databases.book() as url, Store(url) as store:
        yield store


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    """Books in SQLite, for tests to which the engine does not matter."""
    return SqliteFiles(tmp_path_factory.mktemp("books"))


@pytest.fixture
def elsewhere(
    databases: Databases, sqlite_files: SqliteFiles, postgresql: PostgresqlDatabases
) -> Iterator[str]:
    """An empty database on the engine that `databases` are not on."""
    other = postgresql if databases.name == sqlite_files.name else sqlite_files
    with other.empty() as url:
        yield url


@pytest.fixture
def schedule(
    sqlite_files: SqliteFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Schedule]:
    """The command line with a book in which nobody is enrolled, at a frozen time."""
    with sqlite_files.book() as url, at_a_desk(url, tmp_path, monkeypatch) as schedule:
        yield schedule


@pytest.fixture
def journey(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Schedule]:
    """As `schedule`, once on each engine."""
    with databases.book() as url, at_a_desk(url, tmp_path, monkeypatch) as schedule:
        yield schedule


@pytest.fixture(scope="session")
def _mail_servers(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Path, dict[Security, MailServer]]]:
    with servers_of_every_kind(tmp_path_factory.mktemp("mail")) as running:
        yield running


@pytest.fixture
def mail_servers(
    _mail_servers: tuple[Path, dict[Security, MailServer]], monkeypatch: pytest.MonkeyPatch
) -> dict[Security, MailServer]:
    """Mail servers without mails or faults, by how they encrypt; their authority is trusted."""
    authority, servers = _mail_servers
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    for server in servers.values():
        server.reset()
    return servers


@pytest.fixture(scope="session")
def radicale_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A CalDAV server for the whole run, with login."""
    with radicale(tmp_path_factory.mktemp("radicale")) as server:
        yield server


@pytest.fixture(scope="session")
def xandikos_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Another CalDAV server for the whole run."""
    with xandikos(tmp_path_factory.mktemp("xandikos")) as server:
        yield server


@pytest.fixture(scope="session", params=["radicale", "xandikos"])
def dav(request: pytest.FixtureRequest) -> Server:
    """Every test that asks runs on both CalDAV servers."""
    server: Server = request.getfixturevalue(f"{request.param}_server")
    return server
