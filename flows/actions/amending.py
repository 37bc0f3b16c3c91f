"""A step or a question more, for this one instance: its flow stays as it is (C39, C40, Q25)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from flows import access
from flows.actions import planning, reviewing, settling, versions
from flows.catalogue import FlowDefinition
from flows.catalogue.overlay import field_of, step_of
from flows.catalogue.schema import FlowField
from flows.events import FieldAdded, StepAdded
from flows.models import Instance, Step
from flows.models.base import opaque_id
from flows.rules import statuses
from flows.rules.errors import Invalid, OutOfStep, Problem
from flows.rules.moves import WITH_ACTOR
from flows.words import gettext as _
from flows.work import Work

MOST_ADDED = 20
LONGEST_TITLE = 200
TYPES = frozenset(
    {
        "text", "textarea", "email", "phone", "number", "money", "date", "boolean", "choice", "choices", "file",
        "address", "signature",
    }
)  # fmt: skip
"""Kinds of question that can be added by hand."""
ACTORS = ("customer", "staff")


def add_step(
    work: Work,
    instance: Instance,
    after: str,
    *,
    title: str,
    actor: str,
    approval: bool = False,
    questions: Sequence[Mapping[str, Any]] = (),
) -> Step:
    """A step below the one called `after`, open at once (C39; needs `create`). `questions` as in `add_field`.

    A customer's step that asks nothing gets one question, so that there is something to send. Raises Invalid with
    every problem.
    """
    access.require(work.actor, "create")
    definition = _definition(work, instance)
    problems = _title_problems(title, "/title", _("Enter the name of the step"))
    if actor not in ACTORS:
        problems.append(Problem("/actor", "choice", _("Choose who does it")))
    if after not in definition.steps:
        problems.append(Problem("/after", "choice", _("Choose below which step it comes")))
    if len(instance.overlay.get("steps", ())) >= MOST_ADDED:
        problems.append(
            Problem(
                "", "too_many", _("At most %(most_added)s steps can be added to one request", most_added=MOST_ADDED)
            )
        )
    taken = {*definition.steps, *definition.all_fields()}
    fields: dict[str, Any] = {}
    for n, question in enumerate(questions):
        spec = _spec(question, f"/questions/{n}", problems)
        fields[_name(str(question.get("label", "")), {*taken, *fields})] = spec
    if problems:
        raise Invalid(problems)
    name = _name(title, taken)
    if not fields and actor == "customer":
        fields[_name(f"{title} answer", {*taken, name})] = {
            "type": "textarea", "label": title.strip(), "required": True
        }  # fmt: skip
    rule: dict[str, Any] = {"title": title.strip(), "actor": actor, "fields": fields}
    if not fields:
        del rule["fields"]
    if approval and actor == "customer":
        rule["approval"] = {}
    step_of(rule)
    added = [*instance.overlay.get("steps", ()), {"name": name, "after": after, "step": rule}]
    instance.overlay = {**instance.overlay, "steps": added}
    step = _insert(work, instance, name, after, actor)
    work.record(instance, StepAdded(name, title.strip(), actor, after))
    settling.settle(work, instance, versions.definition_of(work.session, instance))
    return step


def add_field(work: Work, instance: Instance, step: Step, question: Mapping[str, Any]) -> str:
    """One more question on a step that is active or pending; returns its name (C40; needs `create`).

    `question`: `label`, `type` (one of TYPES), `required`, `hint`, `options` (list of words, for choices). A step that
    was sent already goes back to its actor, who is told what was added; every answer is kept (Q25).
    """
    access.require(work.actor, "create")
    definition = _definition(work, instance)
    rule = definition.steps[step.name]
    if rule.payment is not None:
        raise OutOfStep(_("This step is done by paying alone. Add a step for the question"))
    if step.state not in (*WITH_ACTOR, "locked", "pending_approval"):
        raise OutOfStep(_("A question can be added while a step is active or pending. Reopen it first"))
    problems: list[Problem] = []
    spec = _spec(question, "", problems)
    earlier = instance.overlay.get("fields", {})
    if sum(len(fields) for fields in earlier.values()) >= MOST_ADDED:
        problems.append(
            Problem(
                "", "too_many", _("At most %(most_added)s questions can be added to one request", most_added=MOST_ADDED)
            )
        )
    if problems:
        raise Invalid(problems)
    name = _name(spec["label"], {*definition.all_fields(), *definition.steps, *definition.start.inputs})
    fields = {**earlier, step.name: {**earlier.get(step.name, {}), name: spec}}
    instance.overlay = {**instance.overlay, "fields": fields}
    work.record(instance, FieldAdded(step.name, rule.title, name, spec["label"]))
    if step.state == "pending_approval":
        told = f"We need one more answer: {spec['label']}"
        reviewing.hand_back(work, step, "returned", told, {name: "New question"})
        planning.end_timer(work, instance, f"{planning.REVIEW}{step.name}")
    else:
        step.version += 1
    settling.settle(work, instance, versions.definition_of(work.session, instance))
    return name


def _definition(work: Work, instance: Instance) -> FlowDefinition:
    statuses.check_running(instance, work.now)
    definition = versions.definition_of(work.session, instance)
    if not definition.steps:
        raise OutOfStep(_("This flow has no steps to add to"))
    return definition


def _spec(question: Mapping[str, Any], pointer: str, problems: list[Problem]) -> dict[str, Any]:
    """A field of the flow language from what was typed; its problems are added."""
    label, kind = str(question.get("label", "")).strip(), str(question.get("type", ""))
    problems += _title_problems(label, f"{pointer}/label", _("Enter the question"))
    spec: dict[str, Any] = {"type": kind, "label": label, "required": bool(question.get("required"))}
    if hint := access.clean(str(question.get("hint") or "")).strip():
        spec["hint"] = hint[:400]
    if kind not in TYPES:
        problems.append(Problem(f"{pointer}/type", "choice", _("Choose what kind of answer it takes")))
    elif kind in ("choice", "choices"):
        options = [text for one in question.get("options") or () if (text := access.clean(str(one)).strip()[:200])]
        if len(set(options)) < 2:
            problems.append(Problem(f"{pointer}/options", "required", _("Enter at least two different options")))
        spec["options"] = {_name(text, ()) + f"_{n}": text for n, text in enumerate(dict.fromkeys(options), 1)}
    if not problems:
        _validated(spec, pointer, problems)
    return spec


def _validated(spec: dict[str, Any], pointer: str, problems: list[Problem]) -> FlowField | None:
    try:
        return field_of(spec)
    except ValidationError as wrong:
        problems += [Problem(f"{pointer}/label", "invalid", error["msg"]) for error in wrong.errors()[:3]]
        return None


def _title_problems(text: str, pointer: str, required: str) -> list[Problem]:
    given = access.clean(text).strip()
    if not given:
        return [Problem(pointer, "required", required)]
    if len(given) > LONGEST_TITLE:
        return [
            Problem(pointer, "too-long", _("Use %(longest_title)s characters at most", longest_title=LONGEST_TITLE))
        ]
    if "${{" in given:
        return [Problem(pointer, "hole", _("Write plain words, without ${{ }}"))]
    return []


def _name(text: str, taken: Collection[str]) -> str:
    """A name of the flow language made from words, and none that is taken: "Flat number?" is `flat_number`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:50]
    base = base if base[:1].isalpha() else f"q_{base}".rstrip("_")
    return next(name for n in range(1, 1000) if (name := base if n == 1 else f"{base}_{n}") not in taken)


def _insert(work: Work, instance: Instance, name: str, after: str, actor: str) -> Step:
    place = next(step.position for step in instance.steps if step.name == after)
    for other in instance.steps:
        if other.position > place:
            other.position += 1
    step = Step(
        uid=opaque_id("st"),
        organisation_id=instance.organisation_id,
        instance_id=instance.id,
        name=name,
        position=place + 1,
        actor=actor,
        state="locked",
        attempt=0,
        version=0,
        answers={},
    )
    instance.steps.insert(next(n for n, other in enumerate(instance.steps) if other.name == after) + 1, step)
    work.session.add(step)
    work.session.flush()
    return step
