"""Real mail servers on the loopback interface, with certificates of the tests' own authority.

They take mails over STARTTLS, over TLS from the start, or as a plain relay, and can be
told to misbehave.
"""

# ruff: noqa: ARG001, ARG002, N802 - the names and signatures of aiosmtpd

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from scheduler.delivery.smtp import Relay, Security
from tests.databases import free_port

USER, PASSWORD = "visits", "correct horse"


@dataclass(frozen=True, kw_only=True)
class Received:
    """A mail as the server took it."""

    sender: str
    to: str
    content: bytes
    encrypted: bool
    login: str | None


@dataclass
class Faults:
    """What the server shall do wrong.

    `replies` are by recipient, the last one for ever, and "" takes the mail; `drops` are
    "before" or "after" the mail was taken.
    """

    replies: dict[str, list[str]] = field(default_factory=dict)
    sender: str = ""
    content: str = ""
    drops: list[str] = field(default_factory=list)
    stalls: bool = False


class MailServer:
    """One server; `received` are the mails it took, in their order."""

    def __init__(self, security: Security, context: ssl.SSLContext | None) -> None:
        self.security = security
        self.received: list[Received] = []
        self.faults = Faults()
        self.relay = Relay(host="127.0.0.1", number=free_port(), security=security, patience=5)
        if context is not None:
            self.relay = Relay(
                host="127.0.0.1",
                number=self.relay.port,
                security=security,
                user=USER,
                password=PASSWORD,
                patience=5,
            )
        self._context = context

    def reset(self) -> None:
        """Forget every mail and fault."""
        self.received, self.faults = [], Faults()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Take mails while the block runs."""
        controller = _Controller(self, self._context)
        controller.start()
        try:
            self.reset()
            yield
        finally:
            controller.stop()

    def to(self) -> list[str]:
        """Whom the mails taken were for."""
        return [mail.to for mail in self.received]

    # The hooks of aiosmtpd.

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.faults.sender:
            return self.faults.sender
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.faults.drops[:1] == ["before"]:
            del self.faults.drops[0]
            _drop(server)
            return "250 2.1.5 OK"
        replies = self.faults.replies.get(address, [""])
        if reply := replies[0] if len(replies) == 1 else replies.pop(0):
            return reply.format(address)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.faults.stalls:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        if self.faults.content:
            return self.faults.content
        login = session.auth_data
        implicit = self.security is Security.TLS
        self.received.append(
            Received(
                sender=envelope.mail_from or "",
                to=envelope.rcpt_tos[0],
                content=envelope.original_content or b"",
                encrypted=implicit or session.ssl is not None,
                login=login.login.decode() if isinstance(login, LoginPassword) else None,
            )
        )
        if self.faults.drops[:1] == ["after"]:
            del self.faults.drops[0]
            _drop(server)
        return "250 2.0.0 OK"


def _drop(server: SMTP) -> None:
    transport: Any = server.transport
    transport.abort()


def _login(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    right = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=data == right, handled=False, auth_data=data)


class _Controller(Controller):
    def __init__(self, server: MailServer, context: ssl.SSLContext | None) -> None:
        self._security, self._context = server.security, context
        super().__init__(
            server,
            hostname="127.0.0.1",
            port=server.relay.port,
            ssl_context=context if server.security is Security.TLS else None,
        )

    def factory(self) -> SMTP:
        options: dict[str, Any] = {"ident": "tests", "enable_SMTPUTF8": False}
        if self._context is not None:
            starttls = self._security is Security.STARTTLS
            options |= {"authenticator": _login, "auth_require_tls": starttls}
            if starttls:
                options |= {"tls_context": self._context, "require_starttls": True}
                options |= {"auth_required": True}
        return SMTP(self.handler, **options)


@contextmanager
def mail_servers(folder: Path) -> Iterator[tuple[Path, dict[Security, MailServer]]]:
    """A server of each kind, and the file of the authority that their certificates are of."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    file = folder / "authority.pem"
    authority.cert_pem.write_to_path(file)
    servers = {
        security: MailServer(security, None if security is Security.NONE else context)
        for security in Security
    }
    with ExitStack() as stack:
        for server in servers.values():
            stack.enter_context(server.running())
        yield file, servers
