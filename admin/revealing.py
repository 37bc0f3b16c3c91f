"""The Show button of a private answer: asks first, shows it once, and the read stands in the history (X10, X20).

A view of instances takes `Revealing` as a base beside `StaffView`, one of cases `RevealingStart`; its page of one gives
each row of answers the address from `addresses` as `reveal`, which `ui.summary_list` draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import g, request
from werkzeug.wrappers import Response

from admin.guard import StaffView, door
from admin.showing import show
from flows import access
from flows.access import read_as
from flows.actions import revealing, versions
from flows.catalogue import FlowDefinition
from flows.models import Instance, Step
from flows.queries import allowed
from flows.queries.files import files_of
from flows.rules import private
from flows.rules.errors import Refused
from flows.words import gettext as _
from flows.work import unit_of_work
from messaging.downloads import given_out


class RevealingStart(StaffView):
    """The doors to what was given at the start, below a view's own address: all that a case has."""

    @door("/<ref>/reveal/<field>", needs="view", methods=("GET", "POST"))
    def reveal_of_start(self, ref: str, field: str) -> Response:
        return _reveal(self, ref, "", field)

    @door("/<ref>/reveal/<field>/<uid>", needs="view", methods=("POST",))
    def reveal_file_of_start(self, ref: str, field: str, uid: str) -> Response:
        return _file(ref, "", field, uid)


class Revealing(RevealingStart):
    """Those and the same of steps."""

    @door("/<ref>/steps/<name>/reveal/<field>", needs="view", methods=("GET", "POST"))
    def reveal(self, ref: str, name: str, field: str) -> Response:
        return _reveal(self, ref, name, field)

    @door("/<ref>/steps/<name>/reveal/<field>/<uid>", needs="view", methods=("POST",))
    def reveal_file(self, ref: str, name: str, field: str, uid: str) -> Response:
        return _file(ref, name, field, uid)


def _reveal(view: StaffView, ref: str, name: str, field: str) -> Response:
    """GET asks, POST shows; no `name`: what was given at the start."""
    if request.method == "POST":
        return _revealed(view, ref, name, field)
    instance = access.instance_to_read(g.actor, ref)
    definition = versions.spoken_of(read_as(g.actor), instance)
    asked = _questions(instance, _step(instance, name), definition)
    if field not in asked:
        raise Refused(_("No such question"))
    return show(view, "reveal.html", task=instance, label=asked[field].label, back=_back(view, instance))


def _revealed(view: StaffView, ref: str, name: str, field: str) -> Response:
    with unit_of_work(g.actor) as work:
        instance = access.instance_to_change(work, ref)
        shown = revealing.reveal(work, instance, _step(instance, name), field)
    found = files_of(g.actor, instance, ({field: shown.question}, {field: shown.value}))
    response = show(
        view, "reveal.html", task=instance, label=shown.label, back=_back(view, instance), text=shown.text,
        is_lost=shown.value is None, files=[*found.by_id.values()],
    )  # fmt: skip
    response.headers["Cache-Control"] = "no-store"
    return response


def _file(ref: str, name: str, field: str, uid: str) -> Response:
    """A file of a private answer itself: each time it is opened is recorded."""
    with unit_of_work(g.actor) as work:
        instance = access.instance_to_change(work, ref)
        upload = revealing.reveal_file(work, instance, _step(instance, name), field, access.clean(uid))
    return given_out(upload.sha256, upload.mime, upload.name)


def addresses(path: str, instance: Instance, step: Step | None, fields: Mapping[str, Any]) -> dict[str, str]:
    """Field -> address of its Show button, for those private answers that the actor may have shown.

    `path` is the address of the view, e.g. "/admin/tasks"; `fields` are those of the step, without one of the start.
    """
    names: Iterable[str] = allowed.revealable(g.actor, instance, step, fields)
    place = f"{path}/{instance.reference}{f'/steps/{step.name}' if step is not None else ''}/reveal"
    return {name: f"{place}/{name}" for name in names}


def with_buttons(rows: Iterable[Mapping[str, Any]], buttons: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rows of answers, each with its field's `name`, with the address of the Show button where there is one.

    In the list of a step that was sent, that is; elsewhere there is nothing to show yet.
    """
    return [{**row, "reveal": buttons.get(str(row["name"]), "")} for row in rows]


def _questions(instance: Instance, step: Step | None, definition: FlowDefinition) -> dict[str, Any]:
    """Those that this member of staff sees."""
    if step is None:
        return private.fields_for(g.actor, definition.start.questions, instance.standing)
    return private.fields_for(g.actor, definition.steps[step.name].fields, instance.standing, step.actor)


def _step(instance: Instance, name: str) -> Step | None:
    return access.step_of(instance, name) if name else None


def _back(view: StaffView, instance: Instance) -> str:
    return f"{view.path()}/{instance.reference}"
