"""Every change asks first: a page with what will happen and what is needed for it; its button calls one verb, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import flash, g, redirect, request
from werkzeug.wrappers import Response

from admin.guard import StaffView
from admin.showing import show
from flows.access import clean
from flows.actions import replaying
from flows.rules.errors import Invalid, OutOfStep, Stale
from flows.work import Work, unit_of_work


@dataclass(frozen=True)
class Field:
    """One thing to fill in; the names are those of `ui.plain_field`. `options` of type "checks" may be ticked, many."""

    name: str
    label: str
    type: str = "text"
    value: Any = ""
    hint: str = ""
    options: Mapping[str, str] | None = None
    optional: bool = False
    width: str = ""
    autocomplete: str = "off"


@dataclass(frozen=True)
class Question:
    """What a page asks. `back` is where it goes afterwards and with "Cancel"; `seen` guards against older pages."""

    title: str
    back: str
    button: str
    text: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    fields: tuple[Field, ...] = ()
    tone: str = "go"
    done: str = "Done."
    seen: str = ""


Act = Callable[[Work, Mapping[str, Any]], str | None]
"""Calls the verb with what was typed; may return the address to go on to instead of `back`."""


def ask(view: StaffView, question: Question, act: Act) -> Response:
    """GET shows the question; POST acts in one unit of work and goes on, or says what is wrong with everything kept."""
    if request.method != "POST":
        return show(view, "ask.html", question=question, problems={})
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
    return show(view, "ask.html", status, question=replace(question, fields=kept), problems=problems)
