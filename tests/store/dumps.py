"""Books of every released schema, as SQL in `tests/store/upgrades`, one file an engine.

A migration comes with the dump of a book that the program writes at that schema; this
makes both, for the newest: python -m tests.store.dumps
"""

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from scheduler.store.tables import REVISION
from tests.databases import PostgresqlDatabases, Server, postgresql_server
from tests.store.tampering import live

FOLDER = Path(__file__).parent / "upgrades"


def path(revision: str, engine: str) -> Path:
    """The file of a schema's book on an engine."""
    return FOLDER / f"{revision}.{engine}.sql"


def load(url: str, sql: str) -> None:
    """Fill an empty database with a dump."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        file.parent.mkdir(parents=True)
        with closing(sqlite3.connect(file)) as connection:
            connection.executescript(sql)
    else:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as server:
            server.execute(sql.encode())


def _of_sqlite() -> str:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "book.db"
        live(f"sqlite:///{file}")
        with closing(sqlite3.connect(file)) as connection:
            return "\n".join(connection.iterdump()) + "\n"


def _of_postgresql(server: Server) -> str:
    with PostgresqlDatabases(server).empty() as url:
        live(url)
        plain = url.replace("+psycopg", "").replace(f":{server.password}", "")
        options = ("--inserts", "--no-owner", "--no-privileges", "--no-comments")
        done = subprocess.run(
            ["pg_dump", *options, f"--dbname={plain}"],
            env={**os.environ, "PGPASSWORD": server.password},
            check=True,
            capture_output=True,
            text=True,
        )
    # Neither remarks, nor words to psql, which is not there when this is loaded.
    lines = (line for line in done.stdout.splitlines() if not line.startswith(("--", "\\")))
    return "\n".join(filter(None, lines)) + "\n"


def _main() -> None:
    path(REVISION, "sqlite").write_text(_of_sqlite(), encoding="utf-8")
    with postgresql_server() as server:
        path(REVISION, "postgresql").write_text(_of_postgresql(server), encoding="utf-8")


if __name__ == "__main__":
    _main()
