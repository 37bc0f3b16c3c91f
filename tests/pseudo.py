"""The pseudo-language: every sentence of the product in ⟦brackets⟧, and what of a page stands outside of them (X23).

What stands outside and is neither data nor a word of a flow was written straight into a page, and nobody can translate
it. `known` are the texts that are data: what the database and the flows hold.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from gettext import NullTranslations
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import inspect, select

from flows import catalogue, words
from flows.access import read_as
from flows.models import Base
from flows.rules.actors import SYSTEM

OPENED, CLOSED = "⟦", "⟧"
SPOKEN = ("aria-label", "title", "placeholder", "alt", "data-done", "data-label")
"""Attributes that people read or hear."""
SILENT = {"script", "style", "svg", "code", "pre"}
LETTERS = re.compile(r"[^\W\d_]{2,}")
SAME_EVERYWHERE = re.compile(
    r"\b((TI|CA|WT|ORD)-\d+|SKU|CSV|GBP|EUR|USD|OK|v\d+|English|Cymraeg|Enter|JPG|PNG|HEIC|WebP|GIF)\b"
)
"""References, names of currencies, files and keys, and of languages in themselves."""


class Bracketed(NullTranslations):
    """Every sentence as it is written, in brackets."""

    def gettext(self, message: str) -> str:
        return f"{OPENED}{message}{CLOSED}"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return self.gettext(message)

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        return self.ngettext(msgid1, msgid2, n)

    ugettext, ungettext, upgettext, unpgettext = gettext, ngettext, pgettext, npgettext


@contextmanager
def spoken(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everything that is said inside of the block is said in brackets."""
    with patch.context() as only:
        only.setattr(words, "sentences_in", lambda _language: Bracketed())
        yield


class Page(HTMLParser):
    """What of a page stands outside of brackets, each text with the place where it stands.

    A sentence with a link or a time in it is cut by their tags, so how deep in brackets we are is kept across them.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.silent = self.depth = 0
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in SILENT
        self.open = [*self.open[-2:], tag]
        self.texts += [(f"{tag}[{name}]", _outside(value or "")[0]) for name, value in attrs if name in SPOKEN]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        text, self.depth = _outside(data, self.depth)
        if not self.silent:
            self.texts.append((" ".join(self.open), text))


def outside(html: str, known: Iterable[str]) -> list[str]:
    """What of the page nobody can translate: "where: text"."""
    whole = {text.casefold().strip(" .?!") for text in known}
    inside = "\n".join(whole)
    found = []
    for where, text in Page(html).texts:
        for piece in _pieces(text):
            data = inside if len(piece.split()) > 2 else whole
            if LETTERS.search(piece) and piece.casefold() not in data:
                found.append(f"{where}: {piece}")
    return list(dict.fromkeys(found))


def _outside(text: str, depth: int = 0) -> tuple[str, int]:
    """The text without what is in brackets, and how deep in them it ends."""
    kept = []
    for letter in text:
        depth += (letter == OPENED) - (letter == CLOSED)
        kept.append("\n" if depth or letter == CLOSED else letter)
    return "".join(kept), depth


def _pieces(text: str) -> Iterator[str]:
    """Cut where something that is data usually begins or ends."""
    for piece in re.split(r"[\n·,;:→()…“”×/|]| – |^\d+\.", SAME_EVERYWHERE.sub("\n", text)):
        yield " ".join(piece.split()).strip(" .?!⋯*-+")


def data_and_flows() -> set[str]:
    """Every text that the database holds, at any depth, and every text of the flows that are served."""
    session = read_as(SYSTEM)
    known: set[str] = set()
    for mapper in Base.registry.mappers:
        for row in session.scalars(select(mapper.class_)).unique():
            for column in inspect(mapper.class_).column_attrs:
                known |= set(_texts(getattr(row, column.key)))
    for loaded in catalogue.current().flows.values():
        known |= {loaded.text, loaded.path, *_texts(loaded.definition.model_dump())}
    return known


def literals_of(call: str) -> set[str]:
    """Every word that may come first in a call of this name in the product: `work.audit("signed_in", ...)`."""
    files = (path for room in words.ROOMS for path in (Path(__file__).parents[1] / room).rglob("*.py"))
    texts = (text for path in files if f"{call}(" in (text := path.read_text()))
    return {word for text in texts for word in _first_words(call, ast.parse(text))}


def _first_words(call: str, module: ast.Module) -> Iterator[str]:
    for made in ast.walk(module):
        if isinstance(made, ast.Call) and made.args and ast.unparse(made.func).rpartition(".")[2] == call:
            said = (one.value for one in ast.walk(made.args[0]) if isinstance(one, ast.Constant))
            yield from (word for word in said if isinstance(word, str))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield " ".join(value.split())
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from (str(name), *_texts(inner))
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from _texts(inner)


class Walk:
    """Pages as they are read in brackets, and every text of them that nobody can translate with where it stood first.

    `same` is what reads the same in every language there, beside what the database and the flows hold and `names`.
    """

    def __init__(self, patch: pytest.MonkeyPatch, same: re.Pattern[str], names: Iterable[str] = ()) -> None:
        self.patch, self.same, self.names = patch, same, {*names}
        self.found: dict[str, str] = {}
        self.seen: set[str] = set()

    def see(self, client: FlaskClient, *urls: str, **form: Any) -> None:
        """Look at pages as they stand now, of which there is one at least; with a form, at what is answered to it."""
        client.get("/contact")  # what was said about the last form is not said again
        known, shown = data_and_flows(), 0
        with spoken(self.patch):
            for url in urls:
                answer = client.post(url, data=form) if form else client.get(url)
                if answer.mimetype == "text/html" and answer.status_code not in (301, 302, 303, 308):
                    self.read(answer.get_data(as_text=True), known, url)
                    shown += 1
        assert shown, f"none of {urls} is a page"

    def read(self, html: str, known: Iterable[str], where: str) -> None:
        self.seen.add(where)
        for line in outside(html, {*known, *self.names}):
            if not self.same.fullmatch(line.partition(": ")[2]):
                self.found.setdefault(line, where)

    @property
    def report(self) -> str:
        return "\n".join(f"{where}: {line}" for line, where in sorted(self.found.items(), key=lambda one: one[1]))
