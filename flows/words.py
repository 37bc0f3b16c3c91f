"""The words of the product in the language of whoever reads them; the foot of the ladder, so every room speaks (X23).

A sentence is written in English inside `_()`. Its translations lie in `translations/<language>/LC_MESSAGES/messages.po`
of the room that says it, and are read as they are: nothing has to be compiled, neither in a clone nor in a wheel. A
door says at its threshold whose language is spoken (`speak`, or `spoken` for as long as a block lasts).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any

from markupsafe import escape

USUAL = "en"
LANGUAGES = {USUAL: "English", "cy": "Cymraeg"}
"""Languages a person may choose; flows and mails of plugins carry what they have and fall back to their own."""
FROM_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
ROOMS = ("flows", "messaging", "portal", "admin")
"""Whose words there are: packages that stand beside each other, in a clone as in a wheel."""
CATALOGUE = "translations/{language}/LC_MESSAGES/messages.po"

Saying = str | Callable[[], str]
"""A text as it is, or what says it: in the language that is spoken when it is called."""
_IN_EACH = "in_each_language"

_reader: ContextVar[str] = ContextVar("reader", default=USUAL)


class Borrowed(str):
    """Words in another language than the reader's, because nobody has translated them. They say whose they are, so that
    a page can: a screen reader then reads them as they are meant (WCAG 3.1.2).
    """

    language: str

    def __new__(cls, text: str, language: str = USUAL) -> Borrowed:
        words = super().__new__(cls, text)
        words.language = language
        return words


class AsWritten(NullTranslations):
    """English: every sentence is its own translation. Flask-Babel asks under the older names."""

    ugettext, ungettext = NullTranslations.gettext, NullTranslations.ngettext
    upgettext, unpgettext = NullTranslations.pgettext, NullTranslations.npgettext


def language() -> str:
    """The language of whoever reads what is said now."""
    return _reader.get()


def speak(language: str) -> None:
    """From here on, in this request or job, say everything in this language."""
    _reader.set(language)


@contextmanager
def spoken(language: str) -> Iterator[None]:
    """Say everything inside of the block in this language; what the product does not speak is said in English."""
    before = _reader.set(language)
    try:
        yield
    finally:
        _reader.reset(before)


def gettext(text: str, /, **values: Any) -> str:
    """The sentence in the reader's language, with these values in its `%(holes)s`. A value that is a piece of a page
    makes a piece of a page.
    """
    said = sentences_in(language()).gettext(text)
    if any(hasattr(value, "__html__") for value in values.values()):
        said = escape(said)
    return said % values if values else said


def pgettext(context: str, text: str, /) -> str:
    """A word that means several things: the one that it means in this context."""
    return sentences_in(language()).pgettext(context, text)


def ngettext(one: str, many: str, num: int, /, **values: Any) -> str:
    """The same for a sentence that depends on a number, which is `%(num)s` in it."""
    return sentences_in(language()).ngettext(one, many, num) % {"num": num, **values}


def N_(text: str) -> str:  # the name that every extractor knows
    """Mark a sentence that is kept first and said later: it stands in the catalogues, and stays English here."""
    return text


def saying(text: str, /, **values: Any) -> Callable[[], str]:
    """A sentence for whoever hears it, to be said in their language; what stands in its holes may be one itself."""
    return lambda: gettext(text, **{name: value() if callable(value) else value for name, value in values.items()})


def said(saying: Saying, language: str) -> str:
    """What is said to somebody who reads this language."""
    with spoken(language):
        return saying() if callable(saying) else saying


def in_each(say: Callable[[], Any], languages: Iterable[str] | None = None) -> Any:
    """What `say` gives in every language there is, as plain values: to be kept until it is known who reads it.

    Where it is known who may read it, their `languages` are enough, beside the usual one.
    """
    found: dict[str, Any] = {}
    for one in dict.fromkeys((USUAL, *(LANGUAGES if languages is None else languages))):
        with spoken(one):
            found[one] = say()
    return {_IN_EACH: found} if any(words != found[USUAL] for words in found.values()) else found[USUAL]


def read_in(language: str, kept: Any) -> Any:
    """What was kept `in_each` language, at any depth, as somebody reads it who reads this one."""
    if not isinstance(kept, dict):
        return kept
    if kept.keys() == {_IN_EACH}:
        found = kept[_IN_EACH]
        return found.get(language, found.get(language.partition("-")[0], found[USUAL]))
    return {name: read_in(language, value) for name, value in kept.items()}


def retold(text: str) -> str:
    """A sentence of ours that was kept in English, in the reader's language; anybody else's words stay as they are."""
    return sentences_in(language()).gettext(text) if text else ""


def direction(language: str) -> str:
    """Which way a language is written, as the `dir` of a page."""
    return "rtl" if language.partition("-")[0] in FROM_RIGHT_TO_LEFT else "ltr"


@cache
def sentences_in(language: str) -> NullTranslations:
    """Every room's sentences in that language, or in the base of it ("cy" for "cy-GB"); without any, as written."""
    base = language.partition("-")[0]
    if base != language:
        return sentences_in(base)
    found = [path for path in catalogue_files(base) if base != USUAL and path.is_file()]
    sentences = [_read(path, base) for path in found]
    for more in sentences[1:]:
        sentences[0].merge(more)
    return sentences[0] if sentences else AsWritten()


def catalogue_files(language: str) -> list[Path]:
    """Where the rooms keep their sentences in that language, whether they have any or not."""
    beside = Path(__file__).parents[1]
    return [beside / room / CATALOGUE.format(language=language) for room in ROOMS]


def _read(path: Path, language: str) -> Any:
    """A catalogue as translators write it. Doubtful ("fuzzy") entries count as missing."""
    # Imported here, because whoever reads English only never needs them.
    from io import BytesIO

    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po
    from babel.support import Translations

    compiled = BytesIO()
    with path.open("rb") as written:
        write_mo(compiled, read_po(written, locale=language))
    compiled.seek(0)
    return Translations(compiled)
