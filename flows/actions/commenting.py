"""Words on a case or task, for everybody or for staff alone; its priority; and tasks made on it (B7, B8, B11, B12)."""

from __future__ import annotations

from flows import access
from flows.actions import assigning, participating
from flows.events import Commented, CommentedInternally, PriorityChanged
from flows.models import Comment, Instance
from flows.models.instances import PRIORITIES
from flows.rules.errors import Invalid, OutOfStep
from flows.work import Work

LONGEST = 4000


def comment(work: Work, instance: Instance, text: str, is_internal: bool = False) -> Comment:
    """Add a comment; the instance row is locked. A customer's is never internal. Staff need `message`.

    Comments stay possible after the end: "thank you" and "it is back" belong to it. While it is with the customer,
    theirs is the answer that was waited for: it goes back to whoever asked. Raises Invalid for empty or too much.
    """
    if work.actor.is_staff:
        access.require(work.actor, "message")
    words = access.clean(text).strip()
    if not words:
        raise Invalid("Write a comment", "/text", "required")
    if len(words) > LONGEST:
        raise Invalid(f"Use {LONGEST:,} characters at most", "/text", "too-long")
    if instance.state is None:
        raise OutOfStep("Comments stand on cases and tasks")
    internal = is_internal and work.actor.is_staff
    made = Comment(
        organisation_id=instance.organisation_id,
        instance_id=instance.id,
        author_id=work.actor.user_id,
        author_name=work.actor.name,
        author_kind=work.actor.kind,
        text=words,
        is_internal=internal,
        created_at=work.now,
    )
    work.session.add(made)
    work.session.flush()
    participating.take_part(work, instance, work.actor.user_id)
    instance.last_activity_at = work.now
    work.record(instance, (CommentedInternally if internal else Commented)(made.uid, words))
    if work.actor.kind == "customer" and instance.waiting_on == "customer":
        assigning.hand_back(work, instance, "The customer has answered")
    return made


def change_priority(work: Work, instance: Instance, priority: str) -> None:
    """Another priority for an open case or task (staff with `create`)."""
    access.require(work.actor, "create")
    if priority not in PRIORITIES:
        raise Invalid(f"Choose {', '.join(PRIORITIES)}", "/priority", "choice")
    if not instance.is_open:
        raise OutOfStep(f"{instance.reference} has ended already", "instance-closed")
    if priority != instance.priority:
        before, instance.priority = instance.priority, priority
        instance.version += 1
        work.record(instance, PriorityChanged(before, priority))
