"""HTML forms: what was typed, the files beside it, and a form that is sent twice is done once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from flask import request
from werkzeug.datastructures import MultiDict

from flows.access import clean
from flows.actions import receiving, replaying
from flows.rules import answers
from flows.rules.actors import Actor
from flows.work import Work, unit_of_work


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


def with_files(actor: Actor, fields: Mapping[str, answers.FieldLike]) -> tuple[MultiDict[str, str], dict[str, str]]:
    """The form that was sent with its files taken in and kept, whatever becomes of the form; and what was refused.

    A work of its own: when the answers are refused, nobody has to choose the files again.
    """
    arrived = receiving.receive_all(actor, receiving.sent_in(fields, request.form, request.files))
    with unit_of_work(actor) as work:
        taken = receiving.take_all(work, arrived)
    receiving.wait_until_checked(actor, taken)
    return MultiDict(receiving.with_ids(dict(request.form.lists()), taken)), receiving.refusals(taken)
