"""What Alembic runs around a migration: the caller's connection and transaction."""

from alembic import context

from scheduler.store.tables import metadata

if hasattr(context, "config"):  # Alembic gives it while it migrates, not on a mere import.
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
