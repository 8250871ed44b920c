"""The schema: migrations and tables agree; what is no book of this program is left alone."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, create_engine, inspect, text
from sqlalchemy.pool import NullPool

import scheduler.store.migrations
from scheduler.errors import StoreUnavailable, UnknownName
from scheduler.store import Book, Store
from scheduler.store.tables import REVISION, metadata
from tests.databases import Databases, PostgresqlDatabases
from tests.store.values import SUBJECT, VISIT, enrolling


def by_hand(url: str) -> Connection:
    return create_engine(url, poolclass=NullPool).connect()


def test_migrations_lead_to_the_tables_that_queries_expect(databases: Databases) -> None:
    with databases.book() as url, by_hand(url) as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
        inspector = inspect(connection)
        for table in metadata.sorted_tables:
            checks = {c.name for c in table.constraints if isinstance(c, CheckConstraint)}
            made = {check["name"] for check in inspector.get_check_constraints(table.name)}
            assert checks == made


def test_program_reads_the_newest_migration() -> None:
    (folder,) = scheduler.store.migrations.__path__
    assert ScriptDirectory(folder).get_heads() == [REVISION]


def test_work_that_fails_leaves_the_book_empty(databases: Databases) -> None:
    def fail(book: Book) -> None:
        enrolling(SUBJECT, VISIT)(book)
        raise RuntimeError("no")

    with databases.empty() as url, Store(url) as store:
        with pytest.raises(RuntimeError):
            store.write(fail)
        assert store.read(lambda book: book.subjects()) == ()
        with pytest.raises(UnknownName):
            store.read(lambda book: book.protocol_text("bmsc-stroke", "1"))


def test_other_tables_are_left_alone(databases: Databases) -> None:
    with databases.empty() as url:
        with Store(url) as store:
            store.write(lambda _: None)
        with by_hand(url) as connection:
            connection.execute(text("DROP TABLE alembic_version"))
            connection.commit()
        with Store(url) as store:
            for use in (store.read, store.write):
                with pytest.raises(StoreUnavailable, match="other tables than a schedule book"):
                    use(lambda book: book.subjects())


@pytest.mark.parametrize(
    ("revision", "advice"),
    [("9999", "newer than .* install the newer program"), ("0000", "older .* schedule db upgrade")],
)
def test_other_schema_is_refused_with_advice(
    databases: Databases, revision: str, advice: str
) -> None:
    with databases.book() as url, by_hand(url) as connection, Store(url) as store:
        assert store.read(lambda book: book.subjects()) == ()
        _set_revision(connection, revision)
        for use in (store.read, store.write):
            with pytest.raises(StoreUnavailable, match=advice):
                use(lambda book: book.subjects())
        _set_revision(connection, REVISION)
        assert store.read(lambda book: book.subjects()) == ()


def _set_revision(connection: Connection, revision: str) -> None:
    connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
    connection.commit()


def test_postgresql_without_its_extension_says_what_to_ask_for(
    postgresql: PostgresqlDatabases,
) -> None:
    """A user who may make tables, but not extensions."""
    server = postgresql.server
    with postgresql.empty() as url:
        database = url.rpartition("/")[2]
        server.execute("CREATE ROLE nurse LOGIN PASSWORD 'needle'")
        server.execute("GRANT ALL ON SCHEMA public TO nurse", database)
        nurses = url.replace(f"{server.user}:{server.password}", "nurse:needle")
        with Store(nurses) as store:
            with pytest.raises(StoreUnavailable, match="CREATE EXTENSION btree_gist") as refused:
                store.write(enrolling(SUBJECT, VISIT))
            server.execute("CREATE EXTENSION btree_gist", database)
            store.write(enrolling(SUBJECT, VISIT))
            assert store.read(lambda book: book.visits()) == (VISIT,)
    assert "needle" not in str(refused.value)
    server.execute("DROP ROLE nurse")


def test_postgresql_user_without_rights_is_told_which(postgresql: PostgresqlDatabases) -> None:
    server = postgresql.server
    with postgresql.empty() as url:
        server.execute("CREATE ROLE guest LOGIN PASSWORD 'needle'")
        guests = url.replace(f"{server.user}:{server.password}", "guest:needle")
        with Store(guests) as store, pytest.raises(StoreUnavailable, match="grant CREATE"):
            store.write(enrolling(SUBJECT, VISIT))
    server.execute("DROP ROLE guest")
