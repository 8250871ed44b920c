"""The command line on a terminal."""

import fcntl
import os
import pty
import struct
import sys
import termios
from subprocess import DEVNULL, Popen


def on_a_terminal(width: int, *arguments: str, remarks: bool = False) -> str:
    """What a person sees on a terminal of that width; with or without the remarks."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    code = "from scheduler.cli import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    # Given in full: the readline library leaves a width of its own where os.environ ends.
    own = dict(os.environ)
    errors = slave if remarks else DEVNULL
    with Popen(command, env=own, stdin=slave, stdout=slave, stderr=errors) as program:
        os.close(slave)
        seen = b""
        while chunk := _read(master):
            seen += chunk
    os.close(master)
    assert program.returncode == 0
    return seen.decode()


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # Linux says so when the other side has closed.
        return b""
