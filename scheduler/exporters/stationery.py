"""What mails are written on: Jinja templates and words, each of which a hospital may replace.

Templates lie under `email/`, words under `email/text/` by language.  A template gets
sentences that are ready to read and only arranges them, so the text and the HTML of a
mail hold the same.

>>> words = 'nights = "{count} nights"'
>>> paper = Stationery(files={"email/a.txt": "{{ said }}!", "email/text/en.toml": words})
>>> paper.write("a.txt", said=paper.words("en").say("nights", count=2))
'2 nights!'
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from scheduler.errors import BadInput, Problem


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one language, in tables as the file has them; `name` is the file's."""

    name: str
    table: Mapping[str, Any]

    def say(self, key: str, /, **values: object) -> str:
        """The words under `key` ("risk.closed") with values in place of {braces}.

        Raises:
            BadInput: the file has no such words, or they ask for another value.
        """
        found: Any = self.table
        for step in key.split("."):
            found = found.get(step) if isinstance(found, dict) else None
        if not isinstance(found, str):
            raise BadInput([Problem(self.name, f"has no words for {key}", f'add {key} = "…"')])
        try:
            return found.format(**values)
        except (KeyError, IndexError, ValueError, AttributeError):
            known = ", ".join(f"{{{name}}}" for name in values) or "none"
            what = f"{key} cannot be filled in: {found}"
            raise BadInput([Problem(self.name, what, f"words in braces here: {known}")]) from None

    def day(self, day: date) -> str:
        """A date with its weekday."""
        names = self.table.get("weekdays")
        if not isinstance(names, list) or len(names) != 7:
            raise BadInput([Problem(self.name, "weekdays must be seven texts, Monday first")])
        return self.say("day", weekday=names[day.weekday()], date=day.isoformat())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stationery:
    """Templates and words by name, "email/digest.html"."""

    files: Mapping[str, str]

    def words(self, language: str) -> Vocabulary:
        """The words of a language.

        Raises:
            BadInput: there are none, or the file is no TOML.
        """
        name = f"email/text/{language}.toml"
        if name not in self.files:
            raise BadInput([Problem(name, "is missing: there are no words in that language")])
        try:
            return Vocabulary(name, tomllib.loads(self.files[name]))
        except tomllib.TOMLDecodeError as error:
            raise BadInput([Problem(name, f"is no TOML: {error}")]) from error

    def write(self, template: str, **facts: object) -> str:
        """The template "digest.txt" or "digest.html" filled in; HTML is escaped.

        Raises:
            BadInput: the template is missing, or fails.
        """
        from jinja2 import DictLoader, Environment, StrictUndefined, TemplateError

        environment = Environment(
            loader=DictLoader(dict(self.files)),
            autoescape=lambda name: bool(name and name.endswith(".html")),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        try:
            return environment.get_template(f"email/{template}").render(facts)
        except TemplateError as error:
            line = f":{error.lineno}" if hasattr(error, "lineno") else ""
            problem = Problem(f"email/{template}{line}", f"fails: {error.message or error}")
            raise BadInput([problem]) from error
