"""What stands around every page: brand, navigation, the person, notices, language and colours."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flask import Flask, current_app, g, request

from flows.models import Notice
from flows.queries import files, notices
from flows.rules.actors import Actor
from flows.words import LANGUAGES, direction, language
from portal import forms, pages
from portal.pages import navigation
from portal.pages.notices import words_of
from portal.web import THEMES, live_url

SOCKET_PATH = "/socket.io/?EIO=4&transport=websocket"


class Link(NamedTuple):
    label: str
    url: str


class Toast(NamedTuple):
    id: str
    text: str
    link_text: str
    url: str


@dataclass
class Frame:
    """What base.html asks for; see its first lines."""

    brand: str
    home: str = "/"
    user: Actor | None = None
    nav: list[navigation.Entry] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    unseen: int = 0
    toasts: list[Toast] = field(default_factory=list)
    language: str = "en"
    languages: list[tuple[str, str]] = field(default_factory=lambda: list(LANGUAGES.items()))
    direction: str = "ltr"
    theme: str = ""
    staff: bool = False
    side: bool = False
    live_url: str = ""
    unread: int = 0
    nav_url: str = ""


def register(app: Flask) -> None:
    app.context_processor(_context)
    app.jinja_env.globals["shown_files"] = lambda uploads: [files.shown(one) for one in uploads]


def make_frame(bare: bool = False) -> Frame:
    """The frame of this request; a bare one asks the database nothing, for pages about what went wrong."""
    actor: Actor | None = g.get("actor")
    theme = request.cookies.get("theme", "")
    frame = Frame(
        current_app.config["BATON"].brand,
        user=actor,
        language=language(),
        direction=direction(language()),
        theme=theme if theme in THEMES else "",
    )
    if actor is None:
        return frame
    frame.home = "/admin/" if actor.is_staff else "/"
    frame.live_url = live_url() + SOCKET_PATH
    frame.links = [Link(label, url) for label, url in pages.links_for(actor)]
    if not bare:
        frame.nav = navigation.entries(actor)
        frame.side = (
            actor.is_staff or navigation.my_standing(actor).for_company
        )  # A14: the Task System stands at the left
        unseen = notices.unseen(actor)
        frame.unseen, frame.toasts = unseen.count, _toasts(unseen.at_top)
        frame.unread = 0 if actor.is_staff else navigation.my_standing(actor).unread
        frame.nav_url = "" if actor.is_staff else "/navigation"
    return frame


def _context() -> dict[str, Any]:
    frame = g.get("frame")
    if frame is None:
        frame = g.frame = make_frame()
    return {"frame": frame, "form_key": forms.form_key, "actor": g.get("actor")}


def _toasts(at_top: list[Notice]) -> list[Toast]:
    return [
        Toast(notice.uid, words_of(notice), notice.link_text, notices.address_of(notice))
        for notice in at_top
        if notice.instance is None or not _is_about(notice.instance.reference)
    ]


def _is_about(reference: str) -> bool:
    """Whether this page is about the task already: it says the same at more length."""
    return f"{request.path}/".startswith(f"/tasks/{reference}/")
