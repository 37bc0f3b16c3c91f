"""Words and files on a case or task, for everybody or for staff alone; and its priority (B8, B11, B12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flows import access
from flows.actions import assigning, attaching, participating
from flows.events import Commented, CommentedInternally, PriorityChanged
from flows.models import Comment, Instance
from flows.models.instances import PRIORITIES
from flows.rules.errors import Invalid, OutOfStep, Problem
from flows.words import N_
from flows.words import gettext as _
from flows.work import Work

LONGEST = 4000


def comment(
    work: Work, instance: Instance, text: str, is_internal: bool = False, upload_ids: Sequence[str] = ()
) -> Comment:
    """Add a comment, uploads of the actor, or both; the instance row is locked (B11, B12, B33).

    A customer's is never internal. Staff need `message`. Comments stay possible after the end: "thank you" and "it is
    back" belong to it. While it is with the customer, theirs is the answer that was waited for: it goes back to whoever
    asked. Raises Invalid for neither words nor files, for too much, and for files that cannot be attached.
    """
    if work.actor.is_staff:
        access.require(work.actor, "message")
    words = access.clean(text).strip()
    attached, wrong = attaching.free_uploads(work, upload_ids)
    problems = [*_wrong_words(words, bool(upload_ids)), *(replace(p, pointer=f"/upload_ids{p.pointer}") for p in wrong)]
    if problems:
        raise Invalid(problems)
    if instance.state is None:
        raise OutOfStep(_("Comments stand on cases and tasks"))
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
    attaching.attach(work, made, attached)
    participating.take_part(work, instance, work.actor.user_id)
    instance.last_activity_at = work.now
    names = [upload.name for upload in attached]
    work.record(instance, (CommentedInternally if internal else Commented)(made.uid, words, names))
    if work.actor.kind == "customer" and instance.waiting_on == "customer":
        assigning.hand_back(work, instance, N_("The customer has answered"))
    return made


def _wrong_words(words: str, has_files: bool) -> list[Problem]:
    if not words and not has_files:
        return [Problem("/text", "required", _("Write a comment, or attach a file"))]
    if len(words) > LONGEST:
        return [Problem("/text", "too-long", _("Use %(longest)s characters at most", longest=f"{LONGEST:,}"))]
    return []


def change_priority(work: Work, instance: Instance, priority: str) -> None:
    """Another priority for an open case or task (staff with `create`)."""
    access.require(work.actor, "create")
    if priority not in PRIORITIES:
        raise Invalid(_("Choose %(priorities)s", priorities=", ".join(PRIORITIES)), "/priority", "choice")
    if not instance.is_open:
        raise OutOfStep(_("%(reference)s has ended already", reference=instance.reference), "instance-closed")
    if priority != instance.priority:
        before, instance.priority = instance.priority, priority
        instance.version += 1
        work.record(instance, PriorityChanged(before, priority))
