"""Every change asks first: a page with what will happen and what is needed for it; its button calls one verb, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from flask import flash, g, redirect, request
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin.guard import StaffView
from admin.showing import show
from flows.access import clean
from flows.actions import replaying
from flows.queries.timeline import Entry
from flows.rules.errors import Invalid, OutOfStep, Stale
from flows.words import gettext as _
from flows.work import Work, unit_of_work


@dataclass(frozen=True)
class Field:
    """One thing to fill in; the names are those of `ui.plain_field`. `options` of type "checks" may be ticked, many.

    Fields with the same `group` stand together under its words, folded up until one of them is filled in.
    """

    name: str
    label: str
    type: str = "text"
    value: Any = ""
    hint: str = ""
    options: Mapping[str, str] | None = None
    optional: bool = False
    width: str = ""
    autocomplete: str = "off"
    group: str = ""


@dataclass(frozen=True)
class Question:
    """What a page asks. `back` is where it goes afterwards and with "Cancel"; `seen` guards against older pages.

    `action` is where it is sent, when that is another address than it was asked at. `seq` is how far the timeline was
    when it was asked; `news(seq)` tells, when it comes too late, what happened since and who it was.
    """

    title: str
    back: str
    button: str
    text: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    fields: tuple[Field, ...] = ()
    tone: str = "go"
    done: str = _l("Done.")
    seen: str = ""
    action: str = ""
    seq: int | None = None
    news: Callable[[int], Sequence[Entry]] | None = None

    def groups(self, problems: Mapping[str, str]) -> list[tuple[str, tuple[Field, ...], bool]]:
        """(words, fields, unfolded) in order; a group is unfolded when something was typed in it or is wrong."""
        found = []
        for words, several in groupby(self.fields, lambda one: one.group):
            fields = tuple(several)
            typed = any(one.value for one in fields if one.type in ("text", "textarea"))
            found.append((words, fields, typed or any(one.name in problems for one in fields)))
        return found


Act = Callable[[Work, Mapping[str, Any]], str | None]
"""Calls the verb with what was typed; may return the address to go on to instead of `back`."""


def ask(view: StaffView, question: Question, act: Act) -> Response:
    """GET shows the question; POST acts in one unit of work and goes on, or says what is wrong with everything kept."""
    if request.method != "POST":
        return put(view, question)
    typed = typed_in(question)
    try:
        with unit_of_work(g.actor) as work:
            then = once(work, lambda: act(work, typed) or question.back)
    except Invalid as invalid:
        return _again(view, question, typed, invalid.by_field(), 422)
    except OutOfStep as late:
        return _again(view, question, typed, {"": late.detail}, late.status)
    except Stale as stale:
        newer = replace(question, seen=str(stale.current or ""))
        return _again(view, newer, typed, {"": stale.detail}, stale.status)
    return go_on(then, question.done)


def put(view: StaffView, question: Question, problems: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """The page itself, with what is wrong and, when it comes too late, what happened meanwhile."""
    late = question.news is not None and status in (OutOfStep.status, Stale.status)
    seq = sent_number("seq") if late else None
    news = question.news(seq) if question.news is not None and seq is not None else ()
    shown = question if seq is None else replace(question, seq=seq)
    return show(view, "ask.html", status, question=shown, problems=problems or {}, news=news)


def sent_number(name: str) -> int | None:
    """A number that a hidden field of our own page carries; None when it carries none."""
    return _number(request.form.get(name, ""))


def seen_version(typed: Mapping[str, Any]) -> int | None:
    """The version in `Question.seen`, for a verb that wants to know which one was looked at."""
    return _number(typed["seen"])


def _number(given: str) -> int | None:
    if given and not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Invalid(_("This page is damaged. Open it again"), "", "malformed")
    return int(given) if given else None


def go_on(then: str, words: str) -> Response:
    """A dialog closes on 204 and the page behind it looks again; a page goes on and says what was done."""
    if "X-Fragment" in request.headers:
        return Response(status=204)
    flash(words, "ok")
    return redirect(then, 303)


def typed_in(question: Question) -> dict[str, Any]:
    """What was sent for the fields of the question, without what no database takes."""
    typed: dict[str, Any] = {"seen": clean(request.form.get("seen", ""))}
    for one in question.fields:
        given = [clean(value) for value in request.form.getlist(one.name)]
        typed[one.name] = given if one.type == "checks" else (given or [""])[0]
    return typed


def once(work: Work, act: Callable[[], str]) -> str:
    """The address to go on to after this form; sent again it goes to the same place and does nothing."""
    sent = request.form
    form = replaying.Form(sent.get("_key", ""), f"{request.method} {request.path}", sent.items(multi=True))
    return replaying.once(work, form, act)


def _again(
    view: StaffView, question: Question, typed: Mapping[str, Any], problems: dict[str, str], status: int
) -> Response:
    kept = tuple(replace(one, value=typed[one.name]) for one in question.fields)
    return put(view, replace(question, fields=kept), problems, status)
