"""One module a migration, named for its number and what it brings."""
