"""CalDAV collections that visits are published into, and what was last written there.

This is no history but a memory of what is on a server: an object is noted as soon as it is
written, so that a push that was interrupted goes on where it stopped.

>>> from sqlalchemy import create_engine
>>> with create_engine("sqlite://").connect() as connection:
...     tables.metadata.create_all(connection)
...     scope = Scope(site="ZJ", audience=Audience.STAFF)
...     collections = Collections(connection)
...     collections.open("https://dav.example/li/visits/", scope)
...     collections.note("https://dav.example/li/visits/", Written(
...         uid="a", path="/li/visits/a.ics", etag='"1"', body=b"..."))
...     collections.scope("https://dav.example/li/visits/") == scope
...     collections.written("https://dav.example/li/visits/")["a"].etag
True
'"1"'
"""

from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select

from scheduler.sites import Audience
from scheduler.store import subjects, tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose visits a collection holds, and for whom: of a site, or of one participant of it."""

    site: str
    audience: Audience
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One object as it was last written; `etag` is the server's name of that version."""

    uid: str
    path: str
    etag: str
    body: bytes = field(repr=False)


class Collections:
    """The collections of a book, by their addresses."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def scope(self, url: str) -> Scope | None:
        """What a collection holds, None where nothing was ever published."""
        kept, people = tables.collections.c, tables.subjects.c
        query = (
            select(kept.site, kept.audience, people.code)
            .outerjoin(tables.subjects, people.id == kept.subject_id)
            .where(kept.url == url)
        )
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None
        return Scope(site=row.site, audience=Audience(row.audience), subject=row.code)

    def open(self, url: str, scope: Scope) -> None:
        """Begin with a collection in which nothing of ours is.

        Raises:
            UnknownName: nobody is enrolled under the code of the scope.
        """
        person = scope.subject and subjects.id_of(self._connection, scope.subject)
        self._connection.execute(
            delete(tables.collection_objects).where(tables.collection_objects.c.url == url)
        )
        self._connection.execute(delete(tables.collections).where(tables.collections.c.url == url))
        row = {"url": url, "site": scope.site, "audience": scope.audience.value}
        self._connection.execute(insert(tables.collections), {**row, "subject_id": person})

    def written(self, url: str) -> dict[str, Written]:
        """What was last written into a collection, by UID."""
        kept = tables.collection_objects.c
        query = select(kept.uid, kept.path, kept.etag, kept.body).where(kept.url == url)
        return {
            row.uid: Written(uid=row.uid, path=row.path, etag=row.etag, body=row.body.encode())
            for row in self._connection.execute(query)
        }

    def note(self, url: str, written: Written) -> None:
        """Remember an object as it was just written."""
        self.forget(url, written.uid)
        row = {"uid": written.uid, "path": written.path, "etag": written.etag}
        row |= {"url": url, "body": written.body.decode()}
        self._connection.execute(insert(tables.collection_objects), row)

    def forget(self, url: str, uid: str) -> None:
        """An object is not there any more."""
        kept = tables.collection_objects.c
        self._connection.execute(
            delete(tables.collection_objects).where(kept.url == url, kept.uid == uid)
        )
