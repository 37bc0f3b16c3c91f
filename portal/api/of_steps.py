"""The steps of a task: their forms, drafts and submissions (A24 to A31)."""

from __future__ import annotations

from flows import access
from flows.actions import submitting
from flows.models import Instance, Step
from flows.queries import attempts
from flows.queries.grid import grid_status
from flows.rules.errors import Problem
from portal.api import asked, draw_instance, shapes
from portal.api.door import BASE, LANGUAGE, Answer, Call, operation
from portal.api.etags import wanted_version

STEPS = "/instances/<instance_id>/steps"
STEP = f"{STEPS}/<key>"
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
    return Answer(drawn, etag=draw_instance.step_tag(instance, step, call.now, LANGUAGE))


@operation("GET", f"{STEP}/draft", who="signed_in", gives=shapes.Draft, refusals=("not-found",))
def get_draft(call: Call, instance_id: str, key: str) -> Answer:
    """Answers that were saved and not sent; empty when there are none."""
    step = access.step_of(access.instance_to_read(call.actor, instance_id), key)
    return Answer(_draft(step))


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
        shapes.DraftSaved(draft=_draft(step), errors=[_problem(one) for one in found] if query.validate_ else None)
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
    sent = submitting.submit(
        call.work, instance, step, body.answers, version=wanted_version("st"), filled_at=body.filled_at
    )
    call.session.flush()
    answer = shapes.Submitted(
        submission=shapes.SubmissionBrief(id=sent.uid, attempt=sent.attempt, state=sent.state),
        step=shapes.StepBrief(key=step.name, state=step.state, version=step.version),
        instance=shapes.InstanceBrief(
            id=instance.uid,
            status=instance.status,
            customer_status=grid_status(instance, call.now).lower(),
            progress=draw_instance.progress_of(instance),
            version=instance.version,
        ),
        next=_next(call, instance),
    )
    location = f"{BASE}/instances/{instance.uid}/steps/{step.name}/submissions"
    return Answer(answer, 201, {"Location": location}, draw_instance.step_tag(instance, step, call.now, LANGUAGE))


@operation("GET", f"{STEP}/submissions", who="signed_in", gives=shapes.Page[shapes.Submission], refusals=("not-found",))
def list_submissions(call: Call, instance_id: str, key: str) -> Answer:
    """Every attempt that was sent, the newest first."""
    step = access.step_of(access.instance_to_read(call.actor, instance_id), key)
    return Answer(
        shapes.Page[shapes.Submission](
            data=[draw_instance.submission(sent) for sent in attempts.of_step(call.actor, step)]
        )
    )


def _locked(call: Call, instance_id: str, key: str) -> tuple[Instance, Step]:
    instance = access.instance_to_change(call.work, instance_id)
    return instance, access.step_of(instance, key)


def _draft(step: Step) -> shapes.Draft:
    return draw_instance.draft_of(step) or shapes.Draft(answers={}, saved_at=None, base_version=None)


def _problem(one: Problem) -> shapes.FieldProblem:
    return shapes.FieldProblem(pointer=f"#/answers{one.pointer}", code=one.code, detail=one.detail, meta=dict(one.meta))


def _next(call: Call, instance: Instance) -> shapes.Next:
    """What the person does now."""
    if not instance.is_open:
        return shapes.Next(kind="done", text=instance.close_message or "Everything is done. Thank you")
    if draw_instance.turn_of(instance, call.now) == "todo":
        return shapes.Next(kind="step", text="There is one more step for you")
    return shapes.Next(kind="wait", text="We have your answers and take it from here")
