"""`schedule serve`: calendar feeds over the web."""

from ipaddress import ip_address

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.errors import UsageError


class WebMissing(UsageError):
    """The web server is an extra, and is not installed."""

    def __init__(self) -> None:
        super().__init__("serve needs its web server: pip install 'infusion-scheduler[web]'")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to listen on.",
)
@click.pass_obj
def serve(app: App, host: str, port: int) -> None:
    """Answer calendar feeds until stopped; a reverse proxy in front gives them TLS."""
    try:
        from scheduler.web import server
        from scheduler.web.application import application
    except ModuleNotFoundError as error:
        raise WebMissing from error
    from scheduler.services.subscriptions import Subscriptions

    subscriptions = Subscriptions(app.store, app.clinic_of, now=app.now)
    subscriptions.check()
    web = application(
        subscriptions,
        public_url=app.settings.public_url,
        now=app.now,
        log=screen.say,
        complain=screen.complain,
    )
    proxies = app.settings.trusted_proxies
    with server.listen(host, port) as listening:
        port = listening.getsockname()[1]
        screen.say(f"Listening on http://{f'[{host}]' if ':' in host else host}:{port}")
        if not is_loopback(host):
            screen.say("Warning: without a proxy that adds TLS, addresses can be read on the way")
        server.run(web, listening, proxies=proxies)


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach that host.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


COMMANDS = {"serve": serve}
