"""The server: an application on a port, until it is told to stop.

It stops taking connections on SIGTERM or SIGINT, finishes what is being answered, and
returns.
"""

import signal
import socket
from collections.abc import Sequence

import uvicorn
from starlette.types import ASGIApp

from scheduler.errors import BadInput, Problem

PATIENCE = 30
"""Seconds that running requests get to finish in."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 is any that is free.

    Raises:
        BadInput: the host is unknown, or the port is taken or not for us.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.create_server(address[:2], family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        problem = Problem(f"{host}:{port}", f"cannot be listened on: {why}", "name another --port")
        raise BadInput([problem]) from error
    # Connections inherit it.  Without, the end of an answer waits for the client's word that
    # its beginning has come, which many hold back for 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def run(app: ASGIApp, listening: socket.socket, *, proxies: Sequence[str]) -> None:
    """Serve until a signal comes; only `proxies` may speak for other clients."""
    config = uvicorn.Config(
        app,
        access_log=False,  # it would print the tokens
        log_config=None,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        timeout_graceful_shutdown=PATIENCE,
    )
    # When all is done, uvicorn raises the signal once more for whoever handled it before.
    before = {sig: signal.signal(sig, _nothing) for sig in (signal.SIGINT, signal.SIGTERM)}
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        for sig, handler in before.items():
            signal.signal(sig, handler)


def _nothing(*_: object) -> None:
    """The signal has been obeyed."""
