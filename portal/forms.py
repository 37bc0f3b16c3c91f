"""HTML forms: what was typed, whether files came with it, and a form that is sent twice is done once."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from flask import request

from flows.access import clean
from flows.actions import replaying
from flows.work import Work


def text(name: str) -> str:
    """One field of the form that was sent, without what no database takes; empty when it was not sent."""
    return clean(request.form.get(name, "")).strip()


def form_key() -> str:
    """The value of the hidden field `_key`: sending the same page twice brings the same key."""
    return secrets.token_urlsafe(16)


def once(work: Work, act: Callable[[], str]) -> str:
    """The address to go on to after this form; sent again it goes to the same place and does nothing."""
    form = replaying.Form(text("_key"), f"{request.method} {request.path}", request.form.items(multi=True))
    return replaying.once(work, form, act)


def brings_files() -> bool:
    """Whether a file was chosen in the form that was sent; uploads.js sends them before, so that none is left here."""
    return any(one.filename for _, several in request.files.lists() for one in several)
