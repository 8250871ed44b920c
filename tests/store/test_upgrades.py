"""Books of every schema that was ever released are upgraded, with their data, on both engines."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

import scheduler
import scheduler.store.migrations
from scheduler import shipped
from scheduler.store import Store, guards, keeping
from scheduler.store.tables import REVISION, metadata
from tests.databases import Databases
from tests.store import dumps
from tests.store.tampering import live
from tests.store.values import VISIT, later

REVISIONS = [
    script.revision
    for script in ScriptDirectory(next(iter(scheduler.store.migrations.__path__))).walk_revisions()
]


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_every_migration_comes_with_a_book_of_its_schema(revision: str, engine: str) -> None:
    assert dumps.path(revision, engine).exists(), "make it with: python -m tests.store.dumps"


@pytest.mark.parametrize("revision", REVISIONS)
def test_book_of_any_schema_is_upgraded_with_all_that_is_in_it(
    databases: Databases, tmp_path: Path, revision: str
) -> None:
    with databases.empty() as url:
        dumps.load(url, dumps.path(revision, databases.name).read_text(encoding="utf-8"))
        before = contents(url)
        assert sum(map(len, before.values())) > 15
        done = keeping.upgrade(url, tmp_path, later("db upgrade", 60))
        assert (done is None) == (revision == REVISION)
        after = contents(url)
        for table, rows in before.items():
            kept = [{name: row[name] for name in rows[0]} for row in after[table]] if rows else []
            assert table == "alembic_version" or all(row in kept for row in rows)
        with create_engine(url, poolclass=NullPool).connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []
            assert guards.missing(connection) == ()
        with Store(url) as store:
            store.write(lambda book: book.record(later("visit confirm", 90), [VISIT]))
            assert store.read(lambda book: book.verify()).problems == ()


def contents(url: str) -> dict[str, list[dict[str, object]]]:
    """Every row of every table."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return {
            name: [
                dict(row) for row in connection.execute(text(f"SELECT * FROM {name}")).mappings()
            ]
            for name in inspect(connection).get_table_names()
        }


# ------------------------------------------------------- the release after this one

NEXT = f"{int(REVISION) + 1:04}"

MIGRATION = f'''
"""A column that stays empty in the rows before."""

import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{REVISION}"


def upgrade() -> None:
    op.add_column("weights", sa.Column("remark", sa.String))
'''

CARELESS = """
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE weights DISABLE TRIGGER ALL")
    else:
        op.execute("DROP TRIGGER weights_append_only_update")
    op.execute("UPDATE weights SET kg = '1'")
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE weights ENABLE TRIGGER ALL")
    else:
        op.execute(
            "CREATE TRIGGER weights_append_only_update BEFORE UPDATE ON weights"
            " BEGIN SELECT RAISE(ABORT, 'append_only'); END"
        )
"""


class Release:
    """The program as it may be after this one: a copy with one more migration."""

    def __init__(self, folder: Path, url: str, migration: str) -> None:
        self._folder, self._url = folder, url
        package = folder / "next" / "scheduler"
        source = Path(scheduler.__file__).parent
        shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "next" / "templates").symlink_to(shipped.folder())
        (package / "store" / "migrations" / "versions" / f"next_{NEXT}.py").write_text(migration)
        tables = package / "store" / "tables.py"
        mark = f'REVISION = "{REVISION}"'
        assert mark in tables.read_text()
        tables.write_text(tables.read_text().replace(mark, f'REVISION = "{NEXT}"'))

    def __call__(self, *words: str) -> tuple[int, str]:
        """Exit code of a command, and all that it says."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "SCHEDULE_"))}
        done = subprocess.run(
            [sys.executable, "-c", "from scheduler.cli import main; main()", *words],
            cwd=self._folder,
            env=clean | {"PYTHONPATH": str(self._folder / "next"), "SCHEDULE_DATABASE": self._url},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


def test_next_release_backs_up_first_and_upgrades(databases: Databases, tmp_path: Path) -> None:
    with databases.empty() as url:
        live(url)
        program = Release(tmp_path, url, MIGRATION)
        code, said = program("show", "ZJ-001")
        assert code == 6
        assert "older than this program's" in said
        code, said = program("db", "upgrade")
        assert code == 0, said
        assert f"Upgraded from schema {REVISION}" in said
        assert program("audit", "verify")[0] == 0
        assert "db upgrade" in program("audit")[1]
        with Store(url) as store, pytest.raises(Exception, match="install the newer program"):
            store.read(lambda book: book.subjects())
        kept = Path(said.split("is kept as ")[1].splitlines()[0])
        with databases.empty() as fresh:
            keeping.restore(fresh, tmp_path / kept, later("db restore", 60))
            with Store(fresh) as store:
                assert len(store.read(lambda book: book.history("ZJ-001"))) == 3


def test_upgrade_that_breaks_the_history_changes_nothing(
    databases: Databases, tmp_path: Path
) -> None:
    with databases.empty() as url:
        live(url)
        before = contents(url)
        code, said = Release(tmp_path, url, MIGRATION + CARELESS)("db", "upgrade")
        assert code == 8, said
        assert "of weights was edited" in said
        assert contents(url) == before
        with Store(url) as store:
            assert store.read(lambda book: book.verify()).problems == ()
