"""Copies of a book in PostgreSQL, by the server's own client programs.

>>> print(MissingProgram("pg_dump"))
pg_dump is not installed here; install PostgreSQL's client programs (Debian: \
postgresql-client), not older than the server
"""

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import URL, Connection, inspect, text

from scheduler.errors import BadInput, Problem, StoreUnavailable
from scheduler.store import schema
from scheduler.store.postgresql import QUEUE, Postgresql

_PLAIN = ("--no-owner", "--no-privileges", "--no-comments")
"""The book goes to whoever takes it in; a database's comments belong to its superuser."""


class MissingProgram(StoreUnavailable):
    """A client program of PostgreSQL is needed."""

    def __init__(self, program: str) -> None:
        super().__init__(
            f"{program} is not installed here; install PostgreSQL's client programs"
            " (Debian: postgresql-client), not older than the server"
        )


def dump(database: Postgresql, out: Path) -> None:
    """Write the book as it is at one moment into the file `out`, in pg_dump's custom format.

    The queue is left out: it holds work of that moment, and has to stay where the book is restored.

    Raises:
        StoreUnavailable: the program is missing, or says why it cannot.
    """
    options = ("--format=custom", f"--file={out}", f"--exclude-schema={QUEUE}", *_PLAIN)
    failure = _run("pg_dump", database.url, *options)
    if failure:
        raise StoreUnavailable(f"{database.place} cannot be backed up: {failure}")


def check(file: Path) -> None:
    """BadInput unless the file is one of `dump`'s, as far as its table of contents tells."""
    if failure := _run("pg_restore", None, "--list", str(file)):
        raise BadInput([Problem(str(file), f"is no backup of a book: {failure}")])


def load(database: Postgresql, file: Path) -> None:
    """Fill the empty database from a file of `dump`: all of it, or nothing.

    Raises:
        NotEmpty: it is not empty.
        BadInput: the file is damaged.
        StoreUnavailable: the program is missing.
    """
    with database.engine.connect() as connection:
        schema.refuse_tables(connection, database.place)
    options = ("--exit-on-error", "--single-transaction", *_PLAIN)
    if failure := _run("pg_restore", database.url, *options, str(file)):
        raise BadInput([Problem(str(file), f"cannot be restored: {failure}")])


def empty(connection: Connection) -> None:
    """Take out again what `load` put into the database, for it turned out to be wrong."""
    names = inspect(connection).get_table_names()
    quoted = ", ".join(map(connection.dialect.identifier_preparer.quote, names))
    if names:
        connection.execute(text(f"DROP TABLE {quoted} CASCADE"))
    connection.execute(text("DROP FUNCTION IF EXISTS append_only"))


def _run(program: str, url: URL | None, *arguments: str) -> str:
    """Run a client program; what it says when it fails, "" when it does not."""
    found = shutil.which(program)
    if found is None:
        raise MissingProgram(program)
    command, environment = [found, *arguments], dict(os.environ)
    if url is not None:
        # Other users of this computer see a command's words, but not its environment.
        plain = URL.create(
            "postgresql", url.username, None, url.host, url.port, url.database, url.query
        )
        command += [f"--dbname={plain.render_as_string()}", "--no-password"]
        if url.password is not None:
            environment["PGPASSWORD"] = str(url.password)
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode == 0:
        return ""
    said = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
    return " ".join(said.split())
