"""Mails handed to the hospital's mail server, over a line that is encrypted or refused.

Certificates are checked against this computer's list of authorities.  What goes wrong is
told apart: the mail that will not be taken (`AddressRefused`), the mail that may be taken
later (`Deferred`), the server that cannot be reached now (`LineLost`), and what only a
person can mend (BadInput: login, certificate, settings).  What a server says of a mail
may repeat its address, so of that only the reply code is kept.

>>> Relay(host="mail.hospital.example", security=Security.TLS).port
465
>>> _code(550, b"5.1.1 <li@hospital.example>: unknown")
'550 5.1.1'
"""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from smtplib import (
    SMTP,
    SMTP_SSL,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPDataError,
    SMTPException,
    SMTPHeloError,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from types import TracebackType
from typing import NoReturn, Self

from scheduler.errors import BadInput, DeliveryFailed, Problem

_ENHANCED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}")
_PASSING = range(400, 500)


class Security(StrEnum):
    """How the line is encrypted: from a word on, from the start, or not at all."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}
"""Submission (RFC 6409), submission over TLS (RFC 8314), and a plain relay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """The mail server to hand mails to; a `number` of 0 is the usual port.

    Without a `user` there is no login; `patience` is in seconds, for every answer.
    """

    host: str
    number: int = 0
    security: Security = Security.STARTTLS
    user: str = ""
    password: str = field(default="", repr=False)
    patience: float = 30.0

    @property
    def port(self) -> int:
        """The port to ask."""
        return self.number or _PORTS[self.security]

    @property
    def name(self) -> str:
        """What to call the server in a sentence."""
        return f"mail server {self.host}:{self.port}"


class LineLost(DeliveryFailed):
    """The server cannot be reached, or stopped answering; what it took last is not known."""

    def __init__(self, relay: Relay, why: str) -> None:
        super().__init__(f"the {relay.name} {why}")


class Deferred(DeliveryFailed):
    """The server took this mail not now (4yz); it may later."""


class AddressRefused(DeliveryFailed):
    """The server will never take this mail for that address (5yz)."""


class Line:
    """One conversation with the server, for as many mails as there are; a context manager.

    Raises (on entering it too):
        LineLost: the server cannot be reached or stopped answering.
        BadInput: login, certificate or the way of encryption are refused.
    """

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def __enter__(self) -> Self:
        with self._explained():
            self._server = self._connected()
            try:
                self._introduced()
            except BaseException:
                self._server.close()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Mails are settled by now; a server that is gone is not worth a word.
        with suppress(SMTPException, OSError):
            if error is None:
                self._server.quit()
        self._server.close()

    @property
    def name(self) -> str:
        """What to call the server in a sentence."""
        return self._relay.name

    def send(self, sender: str, to: str, content: bytes) -> None:
        """Hand over one mail; when this returns, the server answers for it.

        Raises:
            AddressRefused, Deferred: as they say, with the reply code.
            LineLost: whether the server took it is not known.
            BadInput: it takes nothing from that sender.
        """
        with self._explained():
            try:
                self._server.sendmail(sender, [to], content)
            except SMTPRecipientsRefused as error:
                _refuse(*error.recipients[to])
            except SMTPSenderRefused as error:
                if error.smtp_code not in _PASSING:
                    what = (
                        f"takes no mail from {sender} ({_code(error.smtp_code, error.smtp_error)})"
                    )
                    raise _mistake(self._relay, what, "mend sender in the site file") from error
                _refuse(error.smtp_code, error.smtp_error)
            except SMTPDataError as error:
                _refuse(error.smtp_code, error.smtp_error)

    def _connected(self) -> SMTP:
        relay = self._relay
        if relay.security is Security.TLS:
            context = ssl.create_default_context()
            return SMTP_SSL(relay.host, relay.port, timeout=relay.patience, context=context)
        return SMTP(relay.host, relay.port, timeout=relay.patience)

    def _introduced(self) -> None:
        """Encrypt and log in, as the settings want it and never less."""
        relay, server = self._relay, self._server
        server.ehlo_or_helo_if_needed()
        if relay.security is Security.STARTTLS:
            # Without a context, the library would check no certificate.
            server.starttls(context=ssl.create_default_context())
        if relay.user:
            server.login(relay.user, relay.password)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """The library's errors in our words."""
        relay = self._relay
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            what = f"has a certificate that cannot be trusted: {error.verify_message}"
            raise _mistake(
                relay, what, "SSL_CERT_FILE may name the hospital's authority"
            ) from error
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise LineLost(relay, "broke the line") from error
        except ssl.SSLError as error:
            what = f"does not encrypt as smtp_security = {relay.security} says"
            raise _mistake(relay, what, "see smtp_security and smtp_port") from error
        except SMTPNotSupportedError as error:
            what = f"does not offer what is asked for: {error}"
            raise _mistake(relay, what, "see smtp_security and smtp_user") from error
        except SMTPAuthenticationError as error:
            code = _code(error.smtp_code, error.smtp_error)
            if error.smtp_code in _PASSING:
                raise LineLost(relay, f"takes no login now ({code})") from error
            raise _mistake(relay, f"refuses the login ({code})", "see smtp_user") from error
        except (SMTPConnectError, SMTPHeloError) as error:
            code = _code(error.smtp_code, error.smtp_error)
            raise LineLost(relay, f"is not ready ({code})") from error
        except (SMTPServerDisconnected, TimeoutError) as error:
            # The library hides that time ran out behind a broken line.
            late = any(isinstance(each, TimeoutError) for each in (error, error.__context__))
            why = f"did not answer within {relay.patience:g} s" if late else "broke the line"
            raise LineLost(relay, why) from error
        except SMTPException as error:
            raise LineLost(relay, f"answers in a way that is not understood: {error}") from error
        except OSError as error:
            raise LineLost(relay, f"cannot be reached: {error.strerror or error}") from error


def _refuse(code: int, said: bytes | str) -> NoReturn:
    raise (Deferred if code in _PASSING else AddressRefused)(_code(code, said))


def _code(code: int, said: bytes | str) -> str:
    """The reply code with the enhanced one (RFC 3463), and none of the text."""
    enhanced = _ENHANCED.match(said.encode() if isinstance(said, str) else said)
    return f"{code} {enhanced[0].decode()}" if enhanced else str(code)


def _mistake(relay: Relay, what: str, remedy: str) -> BadInput:
    return BadInput([Problem(relay.name, what, remedy)])
