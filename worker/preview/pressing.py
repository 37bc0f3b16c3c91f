"""Reads the forms of a page as a browser does: what would be sent with a button of theirs, and where to."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

UNSENT = frozenset({"submit", "button", "reset", "image", "file"})
TICKED = frozenset({"checkbox", "radio"})
ADDS = "add-"
"""What the buttons are called that open one more entry of a list."""


@dataclass
class Form:
    """A form of a page. `sent` are its controls as they are filled in, `adds` its buttons for one more entry."""

    action: str = ""
    sent: list[tuple[str, str]] = field(default_factory=list)
    adds: list[str] = field(default_factory=list)

    def pressed(self, button: str) -> dict[str, list[str]]:
        """What is sent with that button."""
        found: dict[str, list[str]] = {button: ["1"]}
        for name, value in self.sent:
            found.setdefault(name, []).append(value)
        return found


def forms_of(html: str) -> list[Form]:
    reader = _Reader()
    reader.feed(html)
    return reader.forms


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._select = ""
        self._text: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given.get("action", ""))
            self.forms.append(self._open)
        elif self._open is not None:
            self._control(self._open, tag, given)

    def _control(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "button" and name.startswith(ADDS):
            form.adds.append(name)
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given:
            form.sent.append((self._select, given.get("value", "")))
        elif tag == "textarea":
            self._text = (name, [])
        elif tag == "input" and name and kind not in UNSENT and (kind not in TICKED or "checked" in given):
            form.sent.append((name, given.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._text is not None and self._open is not None:
            self._open.sent.append((self._text[0], "".join(self._text[1]).removeprefix("\n")))
            self._text = None
        elif tag == "form":
            self._open = None
