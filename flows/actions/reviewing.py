"""Staff decide on answers that wait for approval: approve, return for resubmission, close the request (C34 to C37)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select, update

from flows import access
from flows.actions import closing, owing, participating, planning, settling, submitting, versions
from flows.actions.deciding import Deciding, approvers
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Step as StepRule
from flows.events import StepApproved, StepCompleted, StepReturned
from flows.models import Instance, Review, Step, Submission
from flows.rules import moves, reviews, statuses
from flows.rules.errors import Invalid, OutOfStep, Problem, Refused
from flows.words import gettext as _
from flows.work import Work

LONGEST_MESSAGE = 4000
LONGEST_REMARK = 1000


def approve(work: Work, instance: Instance, step: Step, version: int | None = None, note: str = "") -> Review:
    """Accept the answers; with `need` approvals the last of them completes the step (Q17).

    The instance row is locked. Raises Refused for who may not, Stale when the answers are newer than what was seen.
    """
    definition, rule, instead_of = _begin(work, instance, step, version, "approve")
    assert rule.approval is not None
    earlier = approvers(work.session, step) if rule.approval.need > 1 else []
    review = _decide(work, instance, step, "approved", note, {}, instead_of)
    enough = reviews.is_enough(rule.approval, [*earlier, work.actor.user_id])
    work.record(instance, StepApproved(step.name, rule.title, step.attempt, enough, note.strip(), instead_of))
    if enough:
        _complete(work, instance, definition, step, rule)
    else:
        instance.version += 1
    return review


def return_for_resubmission(
    work: Work,
    instance: Instance,
    step: Step,
    *,
    message: str,
    remarks: Mapping[str, str] | None = None,
    version: int | None = None,
    due_at: datetime | None = None,
) -> Review:
    """Hand the step back to its actor with a message and remarks by field; every answer is kept (C36).

    Raises Invalid without a message or with a remark on no field of the step, OutOfStep when the flow allows no more
    returns.
    """
    definition, rule, instead_of = _begin(work, instance, step, version, "return")
    assert rule.approval is not None
    given = {name: text.strip() for name, text in (remarks or {}).items() if text.strip()}
    _check_words(rule, message, given)
    if rule.approval.returns is not None and not reviews.may_return_again(rule.approval, _returns(work, step)):
        raise OutOfStep(_("It was returned as often as this flow allows. Approve it, or close the request"))
    review = _decide(work, instance, step, "returned", message, given, instead_of)
    hand_back(work, step, "returned", message.strip(), given)
    _mark_submission(work, step, "returned")
    planning.end_timer(work, instance, f"{planning.REVIEW}{step.name}")
    if due_at is not None:
        closing.change_due(work, instance, due_at, "")
    work.record(instance, StepReturned(step.name, rule.title, step.attempt, message.strip(), given, instead_of))
    _owe(work, instance, definition, step, "returned")
    settling.settle(work, instance, definition)
    return review


def close_request(
    work: Work,
    instance: Instance,
    step: Step,
    *,
    reason: str,
    message: str | None = None,
    outcome: str = "close",
    version: int | None = None,
) -> Review:
    """Reject the answers and end the whole request with a negative outcome (C37).

    `reason` is between staff, `message` for the customer; None takes the flow's words.
    """
    definition, _rule, instead_of = _begin(work, instance, step, version, "return")
    if not reason.strip():
        raise Invalid(_("Say why the request is closed"), "/reason", "required")
    review = _decide(work, instance, step, "closed", reason, {}, instead_of)
    _mark_submission(work, step, "returned")
    closing.close_request(work, instance, definition, outcome, message)
    return review


def hand_back(work: Work, step: Step, state: str, message: str, fields: Mapping[str, str]) -> None:
    """The step is its actor's again, with what they have to read first; the answers stay in the form."""
    step.state, step.version = state, step.version + 1
    step.completed_at = step.completed_by_id = None
    step.remark = {
        "message": message,
        "by": work.actor.name,
        "at": work.now.isoformat(),
        "fields": dict(fields),
    }


def _begin(
    work: Work, instance: Instance, step: Step, version: int | None, move: str
) -> tuple[FlowDefinition, StepRule, str]:
    """Everything that has to hold before any decision; gives the flow, the step's rule and for whom one stands in."""
    definition = versions.definition_of(work.session, instance)
    rule = definition.steps[step.name]
    statuses.check_running(instance, work.now)
    access.check_version(step, version)
    moves.target(move, step.state)
    right = Deciding(work.session, work.actor, work.now).right(instance, step, rule)
    assert right is not None
    if right.refusal:
        raise Refused(right.refusal, known=True)
    return definition, rule, right.instead_of


def _complete(work: Work, instance: Instance, definition: FlowDefinition, step: Step, rule: StepRule) -> None:
    step.state, step.version = "completed", step.version + 1
    step.completed_at, step.completed_by_id = work.now, work.actor.user_id
    _mark_submission(work, step, "accepted")
    planning.end_timer(work, instance, f"{planning.REVIEW}{step.name}")
    work.record(instance, StepCompleted(step.name, rule.title))
    _owe(work, instance, definition, step, "approved")
    settling.settle(work, instance, definition)
    submitting.end_if_it_ends(work, instance, definition, rule, "approved")


def _owe(work: Work, instance: Instance, definition: FlowDefinition, step: Step, what: str) -> None:
    moment = f"step.{step.name}.{what}"
    owing.owe(work, instance, definition, f"{moment}.{instance.event_seq}", definition.effects_for(moment))
    planning.step_happened(work, instance, definition, step.name, what)


def _check_words(rule: StepRule, message: str, remarks: Mapping[str, str]) -> None:
    problems = []
    if not message.strip():
        problems.append(Problem("/message", "required", _("Say what has to be changed; the customer reads it")))
    elif len(message) > LONGEST_MESSAGE:
        problems.append(
            Problem(
                "/message",
                "too-long",
                _("Use %(longest_message)s characters at most", longest_message=f"{LONGEST_MESSAGE:,}"),
            )
        )
    for name, text in remarks.items():
        if name not in rule.fields:
            problems.append(
                Problem(f"/remarks/{name}", "unknown", _("There is no question called %(name)s here", name=repr(name)))
            )
        elif len(text) > LONGEST_REMARK:
            problems.append(
                Problem(
                    f"/remarks/{name}",
                    "too-long",
                    _("Use %(longest_remark)s characters at most", longest_remark=f"{LONGEST_REMARK:,}"),
                )
            )
    if problems:
        raise Invalid(problems)


def _decide(
    work: Work, instance: Instance, step: Step, decision: str, message: str, remarks: Mapping[str, str], instead: str
) -> Review:
    if len(message) > LONGEST_MESSAGE:
        raise Invalid(
            _("Use %(longest_message)s characters at most", longest_message=f"{LONGEST_MESSAGE:,}"), "/note", "too-long"
        )
    participating.take_part(work, instance, work.actor.user_id)
    review = Review(
        organisation_id=instance.organisation_id,
        instance_id=instance.id,
        step_id=step.id,
        attempt=step.attempt,
        decision=decision,
        message=message.strip(),
        remarks=dict(remarks),
        reviewer_id=work.actor.user_id,
        reviewer_name=work.actor.name,
        instead_of=instead,
        at=work.now,
    )
    work.session.add(review)
    return review


def _returns(work: Work, step: Step) -> int:
    query = select(func.count(Review.id)).where(Review.step_id == step.id, Review.decision == "returned")
    return work.session.scalar(query) or 0


def _mark_submission(work: Work, step: Step, state: str) -> None:
    work.session.execute(
        update(Submission).where(Submission.step_id == step.id, Submission.attempt == step.attempt).values(state=state),
        execution_options={"synchronize_session": False, "autoflush": False},
    )
