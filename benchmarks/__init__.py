"""Benchmarks: each measures our work against a baseline in the same run.

A module here offers ``rows(scale: float) -> Iterable[Row]``; at scale 1 the work has
the size that `docs/architecture.md` speaks of, at toy sizes it only shows that it runs.
"""
