"""Saved views of the Task Instances list: kept from the filters that are on, shared, renamed, removed (X9)."""

from __future__ import annotations

from typing import Any

from flask import g, request
from werkzeug.wrappers import Response

from admin.asking import Field, Question, ask
from admin.guard import StaffView
from admin.instance_filters import LONGEST_QUERY, PATH, Asked
from flows import access
from flows.actions import saving_views
from flows.queries import instances
from flows.work import Work

VIEWS = f"{PATH}views"


def save(view: StaffView) -> Response:
    """The filters come in the address, and are read as the list reads them: only what means something is kept."""
    asked = Asked.of_text(request.values.get("of", "")[:LONGEST_QUERY], instances.agents(g.actor))
    chips = ", ".join(words for words, _ in asked.chips()) or "None: every request"
    question = Question(
        "Save this view",
        asked.address(),
        "Save view",
        facts=(("Filters", chips),),
        fields=(
            Field("name", "Name", hint="A view of yours that has this name already takes these filters instead"),
            *_sharing(False),
            Field("of", "", "hidden", asked.text),
        ),
        done="The view was saved.",
    )

    def act(work: Work, typed: Any) -> None:
        saving_views.save(work, view.slug, typed["name"], asked.text, typed.get("is_shared") == "1")

    return ask(view, question, act)


def change(view: StaffView, uid: str) -> Response:
    found = access.view_to_read(g.actor, uid)
    question = Question(
        f"Change the view “{found.name}”",
        VIEWS,
        "Save",
        text="To change its filters, open it, choose others and save them under the same name.",
        fields=(Field("name", "Name", value=found.name), *_sharing(found.is_shared)),
        done="The view was changed.",
    )

    def act(work: Work, typed: Any) -> None:
        shared = typed["is_shared"] == "1" if "is_shared" in typed else found.is_shared
        saving_views.change(work, access.view_to_change(work, uid), typed["name"], shared)

    return ask(view, question, act)


def remove(view: StaffView, uid: str) -> Response:
    found = access.view_to_read(g.actor, uid)
    question = Question(
        f"Remove the view “{found.name}”?",
        VIEWS,
        "Remove the view",
        tone="bad",
        text="Nobody finds it in their list any more." if found.is_shared else "The requests in it stay as they are.",
        done="The view was removed.",
    )
    return ask(view, question, lambda work, _: saving_views.remove(work, access.view_to_change(work, uid)))


def _sharing(value: bool) -> tuple[Field, ...]:
    """Whoever may not share is not asked."""
    return (Field("is_shared", "Show it to all colleagues", "checkbox", value),) if g.actor.may("assign") else ()
