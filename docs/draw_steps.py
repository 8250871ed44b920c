"""Draws the pictures of docs/calendars.md anew: ``.venv/bin/python docs/draw_steps.py``.

They are drawings of the steps and no screenshots: the programs change their looks, and the
names of their menus last longer.
"""

from html import escape
from pathlib import Path
from textwrap import wrap

PICTURES = Path(__file__).resolve().parent / "pictures"
PANEL, HEIGHT, GAP = 218, 128, 26
INK, QUIET, PAPER, LINE, MARK = "#1d2733", "#5b6876", "#ffffff", "#b9c4cf", "#0b6bcb"
FONT = 'font-family="Segoe UI, Roboto, Helvetica, Arial, sans-serif"'

STEPS = {
    "outlook-web": (
        "Outlook on the web, and the new Outlook",
        [
            ("Open the calendar", "Calendar"),
            ("Left, below the small month", "Add calendar"),
            ("Choose", "Subscribe from web"),
            ("Paste the https address, give a name", "Import"),
        ],
    ),
    "outlook-desktop": (
        "Classic Outlook for Windows",
        [
            ("Open the calendar", "Home"),
            ("In the ribbon", "Add Calendar"),
            ("Choose", "From Internet…"),
            ("Paste the https address", "OK, then Yes"),
        ],
    ),
    "google": (
        "Google Calendar, in a browser on a computer",
        [
            ("Left, beside Other calendars", "+"),
            ("Choose", "From URL"),
            ("Paste the https address", "Add calendar"),
            ("On the phone, it appears in the list", "Other calendars"),
        ],
    ),
    "apple-mac": (
        "Calendar on a Mac",
        [
            ("In the menu bar", "File"),
            ("Choose", "New Calendar Subscription…"),
            ("Paste the address", "Subscribe"),
            ("Auto-refresh: every hour or oftener", "OK"),
        ],
    ),
    "apple-iphone": (
        "iPhone and iPad",
        [
            ("Point the camera at the code of the card", "QR code"),
            ("Tap what appears", "Open in Calendar"),
            ("Check the name", "Subscribe"),
            ("It is in the list", "Calendars"),
        ],
    ),
    "thunderbird": (
        "Thunderbird",
        [
            ("Open the calendar, below the list", "New Calendar…"),
            ("Choose", "On the Network"),
            ("Paste the https address", "Find Calendars"),
            ("Tick the calendar", "Subscribe"),
        ],
    ),
}
"""For each program its name, and four steps: what to do, and what to press."""


def main() -> None:
    for name, (program, steps) in STEPS.items():
        (PICTURES / f"subscribe-{name}.svg").write_text(drawn(program, steps), encoding="utf-8")
    (PICTURES / "file-or-subscription.svg").write_text(compared(), encoding="utf-8")


def drawn(program: str, steps: list[tuple[str, str]]) -> str:
    """The steps from left to right."""
    width = len(steps) * (PANEL + GAP) - GAP + 2
    parts = [panel(2 * n, *step) for n, step in enumerate(steps)]
    arrows = [arrow((n + 1) * (PANEL + GAP) - GAP) for n in range(len(steps) - 1)]
    said = "; ".join(f"{n}. {what}: {press}" for n, (what, press) in enumerate(steps, start=1))
    return svg(width, HEIGHT + 2, f"{program}: {said}", "".join([*parts, *arrows]))


def panel(half: int, what: str, press: str) -> str:
    """One step: its number, what to do, and the button."""
    number, x = half // 2 + 1, half // 2 * (PANEL + GAP) + 1
    lines = "".join(
        f'<text x="{x + 46}" y="{34 + 18 * n}" font-size="14" fill="{INK}">{escape(line)}</text>'
        for n, line in enumerate(wrap(what, 24))
    )
    return (
        f'<rect x="{x}" y="1" width="{PANEL}" height="{HEIGHT}" rx="8" fill="{PAPER}"'
        f' stroke="{LINE}"/><circle cx="{x + 24}" cy="29" r="13" fill="{INK}"/>'
        f'<text x="{x + 24}" y="34" font-size="14" font-weight="bold" fill="{PAPER}"'
        f' text-anchor="middle">{number}</text>{lines}'
        f'<rect x="{x + 16}" y="78" width="{PANEL - 32}" height="34" rx="6" fill="{MARK}"/>'
        f'<text x="{x + PANEL / 2}" y="100" font-size="14" font-weight="bold" fill="{PAPER}"'
        f' text-anchor="middle">{escape(press)}</text>'
    )


def arrow(x: float) -> str:
    """From one panel to the next."""
    return f'<path d="M{x + 5} 60 l14 6 -14 6 z" fill="{QUIET}"/>'


def compared() -> str:
    """The same move, in a calendar that was imported and in one that is subscribed to."""
    left = calendar(1, "A file that was imported", {9: "Infusion 1"}, "stays at the old day")
    right = calendar(
        491, "A calendar that is subscribed to", {14: "Infusion 1"}, "follows by itself"
    )
    middle = (
        f'<text x="442" y="86" font-size="14" fill="{QUIET}" text-anchor="middle">moved from</text>'
        f'<text x="442" y="106" font-size="14" fill="{QUIET}" text-anchor="middle">9 to 14</text>'
    )
    about = "A visit moves from the 9th to the 14th: an imported file stays at the 9th, a"
    return svg(886, 196, f"{about} subscribed calendar shows the 14th", left + middle + right)


def calendar(x: int, title: str, marked: dict[int, str], remark: str) -> str:
    """Two weeks, some days with an appointment."""
    cells = []
    for n in range(10):
        day, cx, cy = n + 6 + (n // 5) * 2, x + 8 + n % 5 * 76, 36 + n // 5 * 58
        fill = MARK if day in marked else PAPER
        ink = PAPER if day in marked else QUIET
        cells.append(
            f'<rect x="{cx}" y="{cy}" width="72" height="54" rx="4" fill="{fill}" stroke="{LINE}"/>'
            f'<text x="{cx + 7}" y="{cy + 17}" font-size="12" fill="{ink}">{day}</text>'
            f'<text x="{cx + 7}" y="{cy + 38}" font-size="12" font-weight="bold" fill="{ink}">'
            f"{marked.get(day, '')}</text>"
        )
    return (
        f'<text x="{x + 8}" y="24" font-size="15" font-weight="bold" fill="{INK}">{title}</text>'
        + "".join(cells)
        + f'<text x="{x + 8}" y="176" font-size="14" fill="{INK}">{remark}</text>'
    )


def svg(width: int, height: int, title: str, body: str) -> str:
    """A picture that says in words what it shows, on paper of its own in dark pages too."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" role="img" {FONT}><title>{escape(title)}</title>'
        f'<rect width="{width}" height="{height}" rx="8" fill="#eef2f6"/>{body}</svg>\n'
    )


if __name__ == "__main__":
    main()
