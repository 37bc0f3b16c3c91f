"""The review of a pending step: one form with the answers, remarks, a message and a note, and four buttons (Q17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from flask import g, request
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin.asking import Field, Question, ask, go_on, once, put, seen_version, sent_number
from admin.clocks import moment_typed
from admin.guard import StaffView
from admin.instance_page import Kept, instance_page, news_of
from admin.showing import title_of
from flows import access
from flows.access import clean, read_as
from flows.actions import closing, reviewing, versions
from flows.actions.deciding import Deciding
from flows.catalogue.schema import Step as StepRule
from flows.clock import clock
from flows.models import Instance, Step
from flows.queries import to_review
from flows.rules.errors import Invalid, OutOfStep, Refused, Stale
from flows.words import gettext as _
from flows.work import Work, unit_of_work

DECISIONS = ("approve", "approve_next", "return", "close")
NOTHING_LEFT = _l("Nothing is left to review.")


def review(view: StaffView, ref: str, name: str) -> Response:
    """GET is the page with the form; POST decides, or shows the page again with everything that was typed."""
    if request.method != "POST":
        return instance_page(view, ref)
    instance = access.instance_to_read(g.actor, ref)
    rule = versions.shown_of(read_as(g.actor), instance).steps[access.step_of(instance, name).name]
    typed = _typed(name, rule)
    if request.form.get("decision") == "close":
        return put(view, _closing(view, ref, name, _with_remarks(name, rule, typed), typed[f"{name}-note"]))
    try:
        with unit_of_work(g.actor) as work:
            then = once(work, lambda: _decide(work, view, ref, name, typed))
    except Invalid as invalid:
        return _again(view, ref, name, typed, _by_control(name, invalid), invalid.status)
    except (OutOfStep, Stale, Refused) as error:
        if isinstance(error, Refused) and error.status == 404:
            raise
        return _again(view, ref, name, typed, {"": error.detail}, error.status)
    return go_on(then, _done(view, rule, then))


def close(view: StaffView, ref: str, name: str) -> Response:
    """*Close request*: its reason between staff, how it ends, and what the customer reads (C37)."""
    question = _closing(view, ref, name)

    def act(work: Work, typed: Mapping[str, Any]) -> None:
        instance = access.instance_to_change(work, ref)
        step = access.step_of(instance, name)
        reviewing.close_request(
            work,
            instance,
            step,
            reason=typed["reason"],
            message=typed["message"].strip() or None,
            outcome=typed["outcome"],
            version=seen_version(typed),
        )

    return ask(view, question, act)


def _closing(view: StaffView, ref: str, name: str, message: str = "", reason: str = "") -> Question:
    """The question before a request is closed; from the form of the review it takes over what was typed and seen."""
    instance = access.instance_to_read(g.actor, ref)
    step = access.step_of(instance, name)
    definition = versions.shown_of(read_as(g.actor), instance)
    negative = {key: rule for key, rule in definition.all_outcomes().items() if rule.kind == "negative"}
    base = f"{view.path()}/{instance.reference}"
    version, seq = sent_number("version"), sent_number("seq")
    return Question(
        _("Close %(reference)s as not fulfilled?", reference=instance.reference),
        base,
        _("Close the request"),
        tone="bad",
        done=_("%(reference)s is closed.", reference=instance.reference),
        text=_("This ends the whole request as not fulfilled, whatever is still open, and the customer is told."),
        facts=(
            (_("Request"), f"{title_of(instance)}, {instance.customer_name}"),
            (_("Because of"), definition.steps[step.name].title),
            *((_("Words for “%(label)s”", label=rule.label), _words(instance, key)) for key, rule in negative.items()),
        ),
        fields=_closing_fields({key: rule.label for key, rule in negative.items()}, message, reason),
        seen=str(step.version if version is None else version),
        action=f"{base}/steps/{name}/close",
        seq=instance.event_seq if seq is None else seq,
        news=lambda since: news_of(ref, since),
    )


def _closing_fields(outcomes: Mapping[str, str], message: str, reason: str) -> tuple[Field, ...]:
    usual = "close" if "close" in outcomes else ""
    empty = _("Left empty, the customer reads the words above for how it ends")
    return (
        Field("reason", _("Reason"), "textarea", reason, _("Between staff; the customer does not read it")),
        Field("outcome", _("How it ends"), "radios", usual, options=outcomes),
        Field("message", _("Message to the customer"), "textarea", message, empty, optional=True),
    )


def _words(instance: Instance, outcome: str) -> str:
    """What the customer reads when nobody writes anything else."""
    return closing.message_of(read_as(g.actor), instance, outcome, clock.now())


def _decide(work: Work, view: StaffView, ref: str, name: str, typed: Mapping[str, str]) -> str:
    instance = access.instance_to_change(work, ref)
    step = access.step_of(instance, name)
    decision, base = request.form.get("decision", ""), f"{view.path()}/{instance.reference}"
    if decision not in DECISIONS:
        raise Invalid(_("Choose what you decide"), "", "choice")
    access.check_version(step, sent_number("version"))  # before anything else is wrong: it may not matter any more
    if decision == "return":
        _return(work, instance, step, typed)
        return base
    if words := [key for key, text in typed.items() if text.strip() and not key.endswith("-note")]:
        raise Invalid(
            _("Approving sends no message and no remarks. Delete what you wrote, or return the step"),
            f"/{words[0]}",
            "unsent",
        )
    waiting = (instance.waiting_since or work.now, instance.id)
    reviewing.approve(work, instance, step, version=sent_number("version"), note=typed[f"{name}-note"])
    work.session.flush()
    return base if decision == "approve" else _next(work, view, waiting, instance)


def _return(work: Work, instance: Instance, step: Step, typed: Mapping[str, str]) -> None:
    if typed[f"{step.name}-note"].strip():
        raise Invalid(
            _("A note is kept with an approval only. Move it to the message, or delete it"), "/note", "unsent"
        )
    before = f"{step.name}-remark-"
    due = typed.get(f"{step.name}-due_at", "").strip()
    reviewing.return_for_resubmission(
        work,
        instance,
        step,
        message=typed[f"{step.name}-message"],
        remarks={key.removeprefix(before): text for key, text in typed.items() if key.startswith(before)},
        version=sent_number("version"),
        due_at=moment_typed(due, ZoneInfo(instance.time_zone), "/due_at") if due else None,
    )


def _next(work: Work, view: StaffView, waiting: tuple[Any, int], done: Instance) -> str:
    """The next in the queue that this actor may decide on, after this one, then from the start; else the list."""
    deciding = Deciding(work.session, work.actor, work.now)
    for after in (waiting, None):
        for other in to_review.queue(work.actor, work.now, after):
            if (other.id != done.id or after is None) and _is_theirs(deciding, other):
                return f"{view.path()}/{other.reference}"
    return f"{view.path()}/"


def _is_theirs(deciding: Deciding, instance: Instance) -> bool:
    """Whether one of its pending steps is theirs to decide."""
    definition = versions.definition_of(deciding.session, instance)
    rights = (deciding.right(instance, step, definition.steps[step.name]) for step in instance.steps)
    return any(right is not None and not right.refusal for right in rights)


def _done(view: StaffView, rule: StepRule, then: str) -> str:
    if request.form.get("decision") == "return":
        return _("“%(title)s” was returned. The customer is told.", title=rule.title)
    said = _("“%(title)s” was approved.", title=rule.title)
    return f"{said} {NOTHING_LEFT}" if then == f"{view.path()}/" else said


def _typed(name: str, rule: StepRule) -> dict[str, str]:
    """What was typed, by the names of the controls; those of one step never stand in for another's."""
    controls = ["note", "message", "due_at", *(f"remark-{field}" for field in rule.fields)]
    return {f"{name}-{one}": clean(request.form.get(f"{name}-{one}", "")) for one in controls}


def _with_remarks(name: str, rule: StepRule, typed: Mapping[str, str]) -> str:
    """The message and, below it, the remarks on answers: a closed request has no form left to show them in."""
    remarks = [
        f"{field.label}: {text}"
        for key, field in rule.fields.items()
        if (text := typed[f"{name}-remark-{key}"].strip())
    ]
    return "\n".join(line for line in (typed[f"{name}-message"], *remarks) if line)


def _by_control(name: str, invalid: Invalid) -> dict[str, str]:
    """Problems of the verb at the controls of this step's form: `/remarks/income` is `household-remark-income`."""
    found: dict[str, str] = {}
    for pointer, words in invalid.by_field().items():
        control = pointer.replace("remarks-", "remark-", 1)
        found[control if not control or control.startswith(f"{name}-") else f"{name}-{control}"] = words
    return found


def _again(
    view: StaffView, ref: str, name: str, typed: Mapping[str, str], problems: Mapping[str, str], status: int
) -> Response:
    seen = {"seq": sent_number("seq"), "attempt": sent_number("attempt")}
    return instance_page(view, ref, Kept(name, typed, problems, status, **seen))
