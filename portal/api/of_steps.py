"""The steps of a task: their forms, drafts and submissions (A24 to A31)."""

from __future__ import annotations

from flows import access
from flows.actions import helping, submitting, versions
from flows.models import Instance, Step
from flows.queries import attempts
from flows.rules.errors import Problem
from flows.words import N_
from flows.words import gettext as _
from portal.api import asked, draw_instance, languages, shapes
from portal.api.door import BASE, Answer, Call, operation
from portal.api.etags import wanted_version
from portal.api.step_tags import step_tag, tag_of_form

STEPS = "/instances/<instance_id>/steps"
STEP = f"{STEPS}/<key>"
STAFF_NEXT = {
    "customer": N_("It is the customer's turn"), "staff": N_("It is our turn"), "system": N_("It goes on by itself")
}  # fmt: skip
CLOSED = ("step-locked", "instance-closed", "already-submitted", "payment-needed")


@operation("GET", STEPS, who="signed_in", gives=shapes.Page[shapes.Step], refusals=("not-found",))
def list_steps(call: Call, instance_id: str) -> Answer:
    """All steps of a task with their forms; hidden ones are left out."""
    instance = access.instance_to_read(call.actor, instance_id)
    return Answer(
        shapes.Page[shapes.Step](
            data=draw_instance.steps_of(call.session, call.actor, instance, call.now, instance.steps)
        )
    )


@operation("GET", STEP, who="signed_in", gives=shapes.Step, refusals=("not-found",))
def get_step(call: Call, instance_id: str, key: str) -> Answer:
    """One step: its form, its answers, my draft, and what I may do."""
    instance = access.instance_to_read(call.actor, instance_id)
    step = access.step_of(instance, key)
    [drawn] = draw_instance.steps_of(call.session, call.actor, instance, call.now, [step])
    definition = languages.definition_of(call.session, instance)
    return Answer(drawn, etag=tag_of_form(definition, instance, step, drawn, call.now))


@operation("GET", f"{STEP}/draft", who="signed_in", gives=shapes.Draft, refusals=("not-found",))
def get_draft(call: Call, instance_id: str, key: str) -> Answer:
    """Answers that were saved and not sent; empty when there are none."""
    instance = access.instance_to_read(call.actor, instance_id)
    return Answer(_draft(call, instance, access.step_of(instance, key)))


@operation(
    "PUT",
    f"{STEP}/draft",
    who="signed_in",
    gives=shapes.DraftSaved,
    if_match="accepted",
    etag_kind="st",
    pointer="#/answers",
    refusals=("not-found", "forbidden", "stale-version", *CLOSED),
)
def save_draft(call: Call, instance_id: str, key: str, query: asked.Validating, body: asked.DraftGiven) -> Answer:
    """Save answers, right or wrong. With `validate=true` the answer says what is wrong so far."""
    instance, step = _locked(call, instance_id, key)
    found = submitting.save_draft(call.work, instance, step, body.answers, wanted_version("st"), body.merge)
    return Answer(
        shapes.DraftSaved(
            draft=_draft(call, instance, step), errors=[_problem(one) for one in found] if query.validate_ else None
        )
    )


@operation(
    "DELETE", f"{STEP}/draft", who="signed_in", gives=None, status=204, refusals=("not-found", "forbidden", *CLOSED)
)
def discard_draft(call: Call, instance_id: str, key: str) -> Answer:
    """Forget the draft."""
    instance, step = _locked(call, instance_id, key)
    submitting.discard_draft(call.work, instance, step)
    return Answer(status=204)


@operation(
    "POST",
    f"{STEP}/submissions",
    who="signed_in",
    gives=shapes.Submitted,
    status=201,
    key="required",
    if_match="required",
    etag_kind="st",
    pointer="#/answers",
    refusals=("not-found", "forbidden", "stale-version", *CLOSED),
)
def submit_step(call: Call, instance_id: str, key: str, body: asked.Sent) -> Answer:
    """Send the answers of a step. If-Match has its ETag; the same Idempotency-Key is safe to send for ever."""
    instance, step = _locked(call, instance_id, key)
    if body.on_behalf:
        sent = helping.submit_for_customer(
            call.work, instance, step, body.answers, version=wanted_version("st"), stated=True
        )
    else:
        sent = submitting.submit(
            call.work, instance, step, body.answers, version=wanted_version("st"), filled_at=body.filled_at
        )
    call.session.flush()
    definition = versions.definition_of(call.session, instance)
    answer = shapes.Submitted(
        submission=shapes.SubmissionBrief(id=sent.uid, attempt=sent.attempt, state=sent.state),
        step=draw_instance.step_brief(call.session, call.actor, instance, definition, step, call.now),
        instance=draw_instance.brief(call.actor, instance, definition, call.now),
        next=_next(call, instance),
    )
    location = f"{BASE}/instances/{instance.uid}/steps/{step.name}/submissions"
    return Answer(answer, 201, {"Location": location}, step_tag(instance, step, call.now))


@operation("GET", f"{STEP}/submissions", who="signed_in", gives=shapes.Page[shapes.Submission], refusals=("not-found",))
def list_submissions(call: Call, instance_id: str, key: str) -> Answer:
    """Every attempt that was sent, the newest first, with what was said about each."""
    instance = access.instance_to_read(call.actor, instance_id)
    step = access.step_of(instance, key)
    rule = versions.definition_of(call.session, instance).steps[step.name]
    decided = attempts.decisions(call.actor, step)
    rows = [
        draw_instance.submission(call.actor, instance, step, rule, sent, decided.get(sent.attempt, ()))
        for sent in attempts.of_step(call.actor, step)
    ]
    return Answer(shapes.Page[shapes.Submission](data=rows))


def _locked(call: Call, instance_id: str, key: str) -> tuple[Instance, Step]:
    instance = access.instance_to_change(call.work, instance_id)
    return instance, access.step_of(instance, key)


def _draft(call: Call, instance: Instance, step: Step) -> shapes.Draft:
    rule = versions.definition_of(call.session, instance).steps[step.name]
    kept = draw_instance.draft_of(call.actor, instance, step, rule, call.now)
    return kept or shapes.Draft(answers={}, masked=[], saved_at=None, base_version=None)


def _problem(one: Problem) -> shapes.FieldProblem:
    return shapes.FieldProblem(pointer=f"#/answers{one.pointer}", code=one.code, detail=one.detail, meta=dict(one.meta))


def _next(call: Call, instance: Instance) -> shapes.Next:
    """What happens now: whether there is something for this person to do, or whom it waits for."""
    if not instance.is_open:
        return shapes.Next(kind="done", text=instance.close_message or _("Everything is done. Thank you"))
    if call.actor.is_staff:
        kind = "step" if instance.waiting_on == "staff" else "wait"
        return shapes.Next(kind=kind, text=_(STAFF_NEXT[instance.waiting_on or "system"]))
    if draw_instance.turn_of(instance, call.now) == "todo":
        return shapes.Next(kind="step", text=_("There is one more step for you"))
    if instance.status == "awaiting_review":
        return shapes.Next(kind="wait", text=_("We look at your answers, and tell you when we have"))
    return shapes.Next(kind="wait", text=_("We have your answers and take it from here"))
