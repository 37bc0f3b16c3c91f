"""The words of flows in a page: in the reader's language, else in their own, which the page then names (X23, X24)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Flask, g
from markupsafe import Markup, escape

from flows.access import read_as
from flows.actions import versions
from flows.catalogue import FlowDefinition, LoadedFlow
from flows.models import Instance
from flows.rules.words import date_in_words
from flows.words import Borrowed, direction, language


def register(app: Flask) -> None:
    """`{{ words | lang }}` where they stand among others, `<h1{{ lang_of(words) }}>` where an element has them alone.

    Neither in <title> nor in an attribute, which cannot name another language.
    """
    app.jinja_env.filters["lang"] = in_its_language
    app.jinja_env.globals.update(lang_of=lang_of, title_of=title_of, kind_of=kind_of)
    app.jinja_env.globals.update(language=language, direction=direction)


def title_of(instance: Instance) -> str:
    """What it is called; a title that says something of its own, a name or a subject, stays as it is."""
    return versions.said_of(read_as(g.actor), instance, "title")


def kind_of(instance: Instance) -> str:
    """Its Task Type."""
    return versions.said_of(read_as(g.actor), instance, "type")


def flow_of(loaded: LoadedFlow) -> FlowDefinition:
    """A flow of the catalogue, in the words of this page."""
    return versions.flow_shown(loaded).definition


def in_its_language(words: str) -> str:
    """Words as a piece of a page, where they are not in the reader's language; else as they are."""
    return Markup("<span{}>{}</span>").format(lang_of(words), str(words)) if isinstance(words, Borrowed) else words


def lang_of(words: object) -> str:
    """The attribute of an element that has these words and no others; nothing for the reader's own language."""
    if not isinstance(words, Borrowed):
        return ""
    way = direction(words.language)
    turned = Markup(' dir="{}"').format(way) if way != direction(language()) else ""
    return Markup(' lang="{}"{}').format(words.language, turned)


def day_of(moment: datetime, zone: ZoneInfo) -> str:
    """24 November, where the reader is."""
    return date_in_words(moment.astimezone(zone), year=False)


def joined(between: str, pieces: Sequence[str]) -> str:
    """Pieces of a sentence in a row, whether or not they are pieces of a page."""
    if any(hasattr(piece, "__html__") for piece in pieces):
        return escape(between).join(pieces)
    return between.join(pieces)
