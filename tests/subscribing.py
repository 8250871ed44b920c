"""Feeds as programs meet them: the application in-process, and the server as a process.

Tests may thus ask what a calendar program asks, over the loopback interface or without it.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from urllib.parse import urlsplit

import httpx
from starlette.types import ASGIApp

from scheduler.app import App
from scheduler.services.subscriptions import Subscriptions
from scheduler.web.application import application
from tests.running import Schedule

PROGRAM = (sys.executable, "-c", "from scheduler.cli import main; main()")


def path_of(schedule: Schedule, *more: str) -> str:
    """The path of a feed that is given now."""
    outcome = schedule("feed", "add", "--json", *more)
    assert outcome.code == 0, outcome.err
    path: str = urlsplit(outcome.json["address"]).path
    return path


class Asking:
    """A client of an application, and what the application has logged and complained of."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.complaints: list[str] = []
        self.app: ASGIApp | None = None

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("GET", path, **headers)

    def ask(self, method: str, path: str, **headers: str) -> httpx.Response:
        """Ask as a program of 192.0.2.7 that came over TLS; `if_none_match` is If-None-Match."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return asyncio.run(self._ask(method, path, named))

    async def _ask(self, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
        assert self.app is not None
        # Starlette's own client wants a package of its own.
        transport = httpx.ASGITransport(self.app, client=("192.0.2.7", 50_000))
        url = "https://visits.example.org"
        async with httpx.AsyncClient(transport=transport, base_url=url) as client:
            return await client.request(method, path, headers=headers)


@contextmanager
def asking(public_url: str = "https://visits.example.org", **limits: int) -> Iterator[Asking]:
    """The application on the desk's book while the block runs."""
    app = App({})
    subscriptions = Subscriptions(app.store, app.clinic_of, now=app.now)
    asked = Asking()
    asked.app = application(
        subscriptions,
        public_url=public_url,
        now=app.now,
        log=asked.log.append,
        complain=asked.complaints.append,
        **limits,
    )
    yield asked
    app.close()


class Served:
    """`schedule serve` as a process of its own; `client` asks it."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url = process, url
        self.said: list[str] = []
        self.client = httpx.Client(base_url=url, trust_env=False, timeout=60)
        self._listener = Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.said += (line.rstrip() for line in self.process.stderr)

    @property
    def log(self) -> list[str]:
        """What it said of requests: who, what and what came of it, without the time."""
        return [line.split(" ", 1)[1] for line in self.said if re.match(r"\d{4}-", line)]

    def stop(self, sig: signal.Signals = signal.SIGTERM) -> int:
        """Stop it; its exit code."""
        self.process.send_signal(sig)
        return self.wait()

    def wait(self) -> int:
        """Its exit code, when it has ended and all that it said is in `said`."""
        code = self.process.wait(timeout=60)
        self._listener.join()
        self.client.close()
        return code


@contextmanager
def served(**settings: str) -> Iterator[Served]:
    """The server on any free port while the block runs, with the desk's and these settings."""
    own = {f"SCHEDULE_{name.upper()}": value for name, value in settings.items()}
    with subprocess.Popen(
        (*PROGRAM, "serve", "--port", "0"),
        env=os.environ | own,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        assert first.startswith("Listening on "), first + process.stderr.read()
        server = Served(process, first.removeprefix("Listening on ").strip())
        try:
            yield server
        finally:
            if process.poll() is None:
                process.kill()
                server.wait()
