"""The guard of a table that only grows, on both engines; a released migration relies on it.

The trigger's function is made by the first migration.
"""

from collections.abc import Iterable, Sequence

from alembic import op


def append_only(table: str, keys: Iterable[Sequence[str]]) -> None:
    """Refuse every change and removal of rows of a table with these unique keys."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
            f" ON {table} FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
        return
    refused = "BEGIN SELECT RAISE(ABORT, 'append_only'); END"
    for event in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only_{event.lower()}"
            f" BEFORE {event} ON {table} {refused}"
        )
    # INSERT OR REPLACE deletes the old row without asking a DELETE trigger.
    same = " OR ".join(
        "(" + " AND ".join(f"{column} = NEW.{column}" for column in key) + ")" for key in keys
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only_replace BEFORE INSERT ON {table}"
        f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refused}"
    )
