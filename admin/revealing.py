"""The Show button of a private answer: asks first, shows it once, and the read stands in the history (X20).

A view of instances takes `Revealing` as a base beside `StaffView`; its page of one instance gives each row of answers
the address from `addresses` as `reveal`, which `ui.summary_list` draws.
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
from flows.actions.withholding import rule_for
from flows.catalogue.schema import Step as StepRule
from flows.models import Instance, Step
from flows.queries import allowed
from flows.queries.files import files_of
from flows.rules.errors import Refused
from flows.work import unit_of_work


class Revealing(StaffView):
    """The door below a view's own address: `/<ref>/steps/<name>/reveal/<field>`."""

    @door("/<ref>/steps/<name>/reveal/<field>", needs="view", methods=("GET", "POST"))
    def reveal(self, ref: str, name: str, field: str) -> Response:
        if request.method == "POST":
            return _revealed(self, ref, name, field)
        instance = access.instance_to_read(g.actor, ref)
        step = access.step_of(instance, name)
        rule = rule_for(g.actor, instance, step, versions.definition_of(read_as(g.actor), instance).steps[name])
        if field not in rule.fields:
            raise Refused("No such question")
        return show(self, "reveal.html", task=instance, label=rule.fields[field].label, back=_back(self, instance))


def _revealed(view: StaffView, ref: str, name: str, field: str) -> Response:
    with unit_of_work(g.actor) as work:
        instance = access.instance_to_change(work, ref)
        shown = revealing.reveal(work, instance, access.step_of(instance, name), field)
    found = files_of(g.actor, instance, ({field: shown.question}, {field: shown.value}))
    response = show(
        view, "reveal.html", task=instance, label=shown.label, back=_back(view, instance), text=shown.text,
        is_lost=shown.value is None, files=[*found.by_id.values()],
    )  # fmt: skip
    response.headers["Cache-Control"] = "no-store"
    return response


def addresses(path: str, instance: Instance, step: Step, rule: StepRule) -> dict[str, str]:
    """Field -> address of its Show button, for those private answers that the actor may have shown.

    `path` is the address of the view, e.g. "/admin/tasks"; `rule` the step as the actor sees it.
    """
    names: Iterable[str] = allowed.revealable(g.actor, instance, step, rule)
    return {name: f"{path}/{instance.reference}/steps/{step.name}/reveal/{name}" for name in names}


def with_buttons(rows: Iterable[Mapping[str, Any]], buttons: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rows of answers, each with its field's `name`, with the address of the Show button where there is one.

    In the list of a step that was sent, that is; elsewhere there is nothing to show yet.
    """
    return [{**row, "reveal": buttons.get(str(row["name"]), "")} for row in rows]


def _back(view: StaffView, instance: Instance) -> str:
    return f"{view.path()}/{instance.reference}"
