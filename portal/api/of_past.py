"""Looking back: a request, case or task as it was at any moment of its life, and why; for staff alone (X10)."""

from __future__ import annotations

from flows.actions import withholding
from flows.authoring import why
from flows.authoring.why import Because, Look, Why
from flows.authoring.why.wording import about
from flows.models import Step
from flows.queries import past, timeline
from portal.api import asked_by_staff, shapes
from portal.api.door import Answer, Call, operation
from portal.api.shapes import past as drawn


@operation(
    "GET", "/instances/<instance_id>/at", who="staff", gives=drawn.AsItWas, refusals=("not-found",)
)  # fmt: skip
def get_instance_as_it_was(call: Call, instance_id: str, query: asked_by_staff.LookingBack) -> Answer:
    """As it was at `moment`, or after the event `seq` of its history; without either as it is now."""
    look = _look(call, instance_id, query)
    was = look.instance
    person = look.life.people.get(was.assignee_id or 0)
    return Answer(
        drawn.AsItWas(
            id=was.uid,
            reference=was.reference,
            seq=was.event_seq,
            at=look.at,
            status=was.status,
            state=was.state,
            outcome=was.outcome,
            waiting_on=was.waiting_on,
            assignee=shapes.Named(id=person.uid, name=person.name) if person is not None else None,
            due_at=was.due_at,
            expires_at=was.expires_at,
            closed_at=was.closed_at,
            flow=was.flow,
            flow_version=look.version.number,
            steps=[_step(look, step) for step in was.steps],
            happened=_happened(look),
        )
    )


@operation(
    "GET", "/instances/<instance_id>/why", who="staff", gives=drawn.Reasons, refusals=("not-found",)
)  # fmt: skip
def get_reasons(call: Call, instance_id: str, query: asked_by_staff.Asking) -> Answer:
    """Why it is as it is, or was: the rules of its flow, what they read, and what made it so. `step` narrows it."""
    look = _look(call, instance_id, query)
    found = about(why.reasons(look), query.step)
    was = look.instance
    told = [_reason(one) for one in found]
    return Answer(drawn.Reasons(id=was.uid, reference=was.reference, at=look.at, seq=was.event_seq, data=told))


def _look(call: Call, instance_id: str, query: asked_by_staff.LookingBack) -> Look:
    life = past.life_of(call.actor, instance_id)
    return why.look_at(life, call.actor, call.now, at=query.moment, seq=query.seq)


def _step(look: Look, step: Step) -> drawn.StepAsItWas:
    rule = look.definition.steps[step.name]
    answers, masked = withholding.read_by(look.actor, look.life.today, step, rule, step.answers, in_form=False)
    return drawn.StepAsItWas(
        name=step.name,
        title=rule.title,
        actor=step.actor,
        state=step.state,
        attempt=step.attempt,
        check_again=step.check_again,
        due_at=step.due_at,
        answers=answers,
        masked=masked,
    )


def _happened(look: Look) -> list[shapes.TimelineEntry]:
    events = [event for moment in look.moments[-1:] for event in moment.events]
    told = [look.told(event) for event in events if event.kind not in timeline.WITHOUT_WORDS]
    return [shapes.TimelineEntry(at=one.at, kind=one.kind, who=one.who, text=one.sentence) for one in told]


def _reason(one: Why) -> drawn.Reason:
    return drawn.Reason(
        kind=one.kind,
        name=one.name,
        what=one.what,
        verdict=one.verdict,
        rule=one.written,
        place=one.place,
        values=[
            drawn.ValueRead(name=value.name, text=value.text, known=value.known, hidden=value.hidden)
            for value in one.values
        ],
        decided_by=list(one.decided),
        because=_made_it_so(one.because),
        note=one.note,
    )


def _made_it_so(because: Because | None) -> drawn.MadeItSo | None:
    if because is None:
        return None
    return drawn.MadeItSo(
        seq=because.seq, at=because.at, who=because.who, kind=because.kind, text=because.sentence
    )  # fmt: skip
