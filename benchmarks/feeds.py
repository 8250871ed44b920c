"""Answering a subscribed calendar of a thousand visits, beside a static file by the same server.

One uvicorn serves both: the feed through all that `schedule serve` puts around it, and a
file of the very same bytes through Starlette's StaticFiles alone.  The two take turns, and
the median counts; every answer is compared with the file.
"""

import http.client
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter

from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.ics import SITE, visits
from benchmarks.table import Row
from scheduler.feeds import Address, Feed
from scheduler.services import studies
from scheduler.services.clinics import Clinic
from scheduler.services.subscriptions import Subscriptions
from scheduler.sites import Audience
from scheduler.store import Book, Change, Store
from scheduler.subject import Subject
from scheduler.web.application import application
from scheduler.web.server import listen, run

VISITS, REQUESTS = 1_000, 400
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADDRESS = Address(base="", token="token")
UNLIMITED = 1_000_000_000


def rows(scale: float) -> Iterator[Row]:
    """Two rows, whole answers and 304; at scale 1 of REQUESTS requests each."""
    count, requests = max(int(VISITS * scale), 13), max(int(REQUESTS * scale), 5)
    with (
        tempfile.TemporaryDirectory() as folder,
        Store(f"sqlite:///{folder}/book.db") as store,
    ):
        store.write(lambda book: fill(book, count))
        with (
            serving(both(store, Path(folder))) as port,
            closing(http.client.HTTPConnection("127.0.0.1", port)) as client,
        ):
            # The file is what the feed says now, so that both send the same.
            (Path(folder) / "file.ics").write_bytes(asked(client, ADDRESS.https, {})[0])
            whole = turns(client, requests, {"Accept-Encoding": "identity"}, {}, {})
            tags = [
                {"If-None-Match": asked(client, path, {})[1]}
                for path in (ADDRESS.https, "/static/file.ics")
            ]
            unchanged = turns(client, requests, {}, *tags)
    for work, (ours, static), reach in (("answered", whole, 3), ("304", unchanged, 1.5)):
        yield Row(
            work=f"feed of {count:,} visits, {work}",
            unit="ms",
            measured=ours * 1e3,
            baseline_name="a static file by the same server",
            baseline=static * 1e3,
            reach=reach,
        )


def fill(book: Book, count: int) -> None:
    """A book of visits, and the feed at ADDRESS."""
    study = studies.find(None, None)
    change = Change(user="bench", at=NOW, command="enroll")
    book.keep_protocol(change, study.protocol.id, study.protocol.version, study.text)
    for code, course in groupby(visits(count), key=lambda visit: visit.subject):
        subject = Subject(
            code=code,
            site=SITE.code,
            arm="bmsc",
            enrolled=date(2026, 1, 5),
            protocol=study.protocol.id,
            protocol_version=study.protocol.version,
        )
        book.enroll(change, subject, [replace(visit, allocations=()) for visit in course])
    feed = Feed(
        number=0,
        person="bench",
        audience=Audience.STAFF,
        site=SITE.code,
        subject=None,
        language="en",
        given=NOW,
    )
    book.feeds.give(change, feed, ADDRESS.digest)


def both(store: Store, folder: Path) -> ASGIApp:
    """The feeds, and below /static the files of a folder."""
    clinic = Clinic(site=SITE, folder=folder)
    subscriptions = Subscriptions(store, lambda _: clinic, now=lambda: NOW)
    feeds = application(
        subscriptions,
        public_url="http://127.0.0.1",
        now=lambda: NOW,
        log=lambda _: None,
        complain=print,
        requests=UNLIMITED,
    )
    static = StaticFiles(directory=folder)

    async def choosing(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/static"):
            await static({**scope, "root_path": "/static"}, receive, send)
        else:
            await feeds(scope, receive, send)

    return choosing


@contextmanager
def serving(app: ASGIApp) -> Iterator[int]:
    """The port of a server in a process of its own, while the block runs."""
    with listen("127.0.0.1", 0) as listening:
        arguments = {"proxies": ()}
        forked = get_context("fork")
        process = forked.Process(target=run, args=(app, listening), kwargs=arguments)
        process.start()
        try:
            yield listening.getsockname()[1]
        finally:
            process.terminate()
            process.join()


def turns(
    client: http.client.HTTPConnection,
    requests: int,
    shared: dict[str, str],
    *own: dict[str, str],
) -> tuple[float, float]:
    """Median seconds of a request for the feed and for the file, taken in turns."""
    spent: tuple[list[float], list[float]] = [], []
    for _ in range(requests):
        said = []
        for path, headers, times in zip(
            (ADDRESS.https, "/static/file.ics"), own, spent, strict=True
        ):
            begin = perf_counter()
            said.append(asked(client, path, {**shared, **headers})[0])
            times.append(perf_counter() - begin)
        assert said[0] == said[1], "both say the same"
    return median(spent[0]), median(spent[1])


def asked(
    client: http.client.HTTPConnection, path: str, headers: dict[str, str]
) -> tuple[bytes, str]:
    """What is answered, and its tag."""
    client.request("GET", path, headers=headers)
    answer = client.getresponse()
    content = answer.read()
    assert answer.status in {200, 304}, answer.status
    return content, answer.headers["ETag"]
