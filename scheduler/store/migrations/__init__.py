"""Alembic's migrations of the book; `scheduler.store.schema` runs them."""
