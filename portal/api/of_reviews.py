"""What staff do with a step: review, reopen, confirm, add to it, see to its money and private answers (C34 to C40)."""

from __future__ import annotations

from functools import partial

from flows import access
from flows.actions import amending, collecting, paying, reopening, revealing, reviewing, versions
from flows.models import Instance, Step
from flows.rules.errors import Invalid
from flows.words import gettext as _
from portal.api import asked_by_staff, draw_instance, reading, shapes
from portal.api.door import BASE, Answer, Call, Content, operation
from portal.api.etags import wanted_version
from portal.api.of_instances import ENDED, to_change
from portal.api.of_steps import STEP, STEPS
from portal.api.step_tags import step_tag

REFUSALS = ("not-found", "forbidden", "stale-version", *ENDED)
PAID = ("already-submitted", "payment-pending", "step-locked")
decide = partial(
    operation, "POST", who="staff", gives=shapes.Changed, key="required", if_match="accepted", etag_kind="st",
    refusals=REFUSALS,
)  # fmt: skip
"""Declare a verb on one step, given where it stands."""


@decide(f"{STEP}/approve")
def approve_step(call: Call, instance_id: str, key: str, body: asked_by_staff.Approval) -> Answer:
    """Accept the answers; nobody approves what they sent themselves. The note is between staff."""
    instance, step = _locked(call, instance_id, key)
    reviewing.approve(call.work, instance, step, wanted_version("st"), body.note)
    return _changed(call, instance, step)


@decide(f"{STEP}/return")
def return_step(call: Call, instance_id: str, key: str, body: asked_by_staff.Return) -> Answer:
    """Hand the step back with a message and remarks by question; every answer is kept."""
    instance, step = _locked(call, instance_id, key)
    reviewing.return_for_resubmission(
        call.work,
        instance,
        step,
        message=body.message,
        remarks=body.remarks,
        version=wanted_version("st"),
        due_at=body.due_at,
    )
    return _changed(call, instance, step)


@decide(f"{STEP}/close")
def close_request(call: Call, instance_id: str, key: str, body: asked_by_staff.Closing) -> Answer:
    """Reject the answers and end the whole request with a negative outcome."""
    instance, step = _locked(call, instance_id, key)
    reviewing.close_request(
        call.work,
        instance,
        step,
        reason=body.reason,
        message=body.message,
        outcome=body.outcome,
        version=wanted_version("st"),
    )
    return _changed(call, instance, step)


@decide(f"{STEP}/reopen")
def reopen_step(call: Call, instance_id: str, key: str, body: asked_by_staff.Reopening) -> Answer:
    """A completed step is its actor's again; what stands on it is marked `check_again`."""
    instance, step = _locked(call, instance_id, key)
    reopening.reopen_step(call.work, instance, step, body.reason, wanted_version("st"))
    return _changed(call, instance, step)


@decide(f"{STEP}/confirm")
def confirm_step(call: Call, instance_id: str, key: str) -> Answer:
    """A step that is marked `check_again` holds as it is."""
    instance, step = _locked(call, instance_id, key)
    access.check_version(step, wanted_version("st"))
    reopening.confirm_step(call.work, instance, step)
    return _changed(call, instance, step)


@decide(STEPS, status=201, etag_kind="ti")
def add_step(call: Call, instance_id: str, body: asked_by_staff.NewStep) -> Answer:
    """A step more for this one request; its flow stays as it is."""
    instance = to_change(call, instance_id)
    step = amending.add_step(
        call.work,
        instance,
        body.after,
        title=body.title,
        actor=body.actor,
        approval=body.approval,
        questions=[question.model_dump() for question in body.questions],
    )
    answer = _changed(call, instance, step)
    return Answer(answer.body, 201, {"Location": _address(instance, step)}, answer.etag)


@decide(f"{STEP}/fields", gives=shapes.QuestionAdded, status=201)
def add_question(call: Call, instance_id: str, key: str, body: asked_by_staff.Question) -> Answer:
    """A question more on a step that is active or pending; one that was sent already goes back to its actor."""
    instance, step = _locked(call, instance_id, key)
    access.check_version(step, wanted_version("st"))
    name = amending.add_field(call.work, instance, step, body.model_dump())
    changed = _parts(call, instance, step)
    tag = step_tag(instance, step, call.now)
    added = shapes.QuestionAdded(key=name, step=changed.step, instance=changed.instance)
    return Answer(added, 201, {"Location": _address(instance, step)}, tag)


@decide(f"{STEP}/change_amount", refusals=(*REFUSALS, *PAID))
def change_amount(call: Call, instance_id: str, key: str, body: asked_by_staff.NewAmount) -> Answer:
    """Another amount for a step that is not paid yet; what is open for the old one is called off."""
    instance = access.instance_to_change(call.work, instance_id)
    step = access.step_of(instance, key, even_skipped=True)
    access.check_version(step, wanted_version("st"))
    with reading.named(amount="amount/amount"):
        paying.change_amount(call.work, instance, step, body.amount.amount, body.reason)
    currency = paying.rule_of(versions.definition_of(call.session, instance), step).currency
    if body.amount.currency != currency:  # not so many pounds instead; what was changed is undone
        raise Invalid(_("This is paid in %(currency)s", currency=currency), "/amount/currency", "currency")
    return _changed(call, instance, step)


@decide(f"{STEP}/confirm_transfer", refusals=(*REFUSALS, *PAID))
def confirm_transfer(call: Call, instance_id: str, key: str, body: asked_by_staff.Transfer) -> Answer:
    """Exactly what is asked for the step is on the account: it is completed, and the customer gets a receipt."""
    instance, step = _locked(call, instance_id, key)
    access.check_version(step, wanted_version("st"))
    collecting.confirm_by_staff(call.work, instance, step, body.reference, body.received_on)
    return _changed(call, instance, step)


@operation(
    "POST",
    f"{STEP}/fields/<field>/reveal",
    who="staff",
    gives=shapes.Revealed,
    refusals=("not-found", "forbidden", "invalid-transition"),
)
def reveal_answer(call: Call, instance_id: str, key: str, field: str) -> Answer:
    """A private answer in clear; each time it is asked for stands in the history and in the audit log."""
    return _revealed(call, *_locked(call, instance_id, key), field)


@operation("POST", f"{STEP}/fields/<field>/reveal/<upload_id>", who="staff", gives=None, gives_bytes=True,
           refusals=("not-found", "forbidden", "invalid-transition"))  # fmt: skip
def reveal_file(call: Call, instance_id: str, key: str, field: str, upload_id: str) -> Answer:
    """A file of a private answer, for staff the only way to it; each time stands in the history and the audit log."""
    return _revealed_file(call, *_locked(call, instance_id, key), field, upload_id)


@operation("POST", "/instances/<instance_id>/fields/<field>/reveal", who="staff", gives=shapes.Revealed,
           refusals=("not-found", "forbidden", "invalid-transition"))  # fmt: skip
def reveal_answer_of_start(call: Call, instance_id: str, field: str) -> Answer:
    """A private answer that was given at the start, of an instance, a case or a task; recorded as above."""
    return _revealed(call, access.instance_to_change(call.work, instance_id), None, field)


@operation("POST", "/instances/<instance_id>/fields/<field>/reveal/<upload_id>", who="staff", gives=None,
           gives_bytes=True, refusals=("not-found", "forbidden", "invalid-transition"))  # fmt: skip
def reveal_file_of_start(call: Call, instance_id: str, field: str, upload_id: str) -> Answer:
    """A file of a private answer that was given at the start; recorded as above."""
    return _revealed_file(call, access.instance_to_change(call.work, instance_id), None, field, upload_id)


def _revealed(call: Call, instance: Instance, step: Step | None, field: str) -> Answer:
    shown = revealing.reveal(call.work, instance, step, field)
    return Answer(
        shapes.Revealed(key=field, label=shown.label, value=shown.value, text=shown.text, lost=shown.value is None),
        headers={"Cache-Control": "no-store"},
    )


def _revealed_file(call: Call, instance: Instance, step: Step | None, field: str, upload_id: str) -> Answer:
    upload = revealing.reveal_file(call.work, instance, step, field, upload_id)
    return Answer(content=Content(upload.sha256, upload.mime, upload.name))


def _locked(call: Call, instance_id: str, key: str) -> tuple[Instance, Step]:
    instance = access.instance_to_change(call.work, instance_id)
    return instance, access.step_of(instance, key)


def _changed(call: Call, instance: Instance, step: Step) -> Answer:
    """The step and its instance as they are now, with the tag of the step."""
    return Answer(_parts(call, instance, step), etag=step_tag(instance, step, call.now))


def _parts(call: Call, instance: Instance, step: Step) -> shapes.Changed:
    call.session.flush()
    definition = versions.definition_of(call.session, instance)
    return shapes.Changed(
        step=draw_instance.step_brief(call.session, call.actor, instance, definition, step, call.now),
        instance=draw_instance.brief(call.actor, instance, definition, call.now),
    )


def _address(instance: Instance, step: Step) -> str:
    return f"{BASE}/instances/{instance.uid}/steps/{step.name}"
