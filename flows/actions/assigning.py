"""Who works on an instance: given to a colleague with a note, taken, taken from somebody (C29 to C32, X6)."""

from __future__ import annotations

from sqlalchemy import select

from flows import access
from flows.actions import owing, participating, staging, standing_in, versions
from flows.events import Assigned
from flows.models import Instance, TimelineEvent, User
from flows.rules import statuses
from flows.rules.errors import Invalid, OutOfStep
from flows.words import gettext as _
from flows.work import Work

LONGEST_NOTE = 1000


def assign(work: Work, instance: Instance, user: User | None, note: str = "", version: int | None = None) -> None:
    """Give an open instance to a colleague, or to nobody (needs `assign`). The instance row is locked.

    A colleague who is away is stood in for (X6). Raises Invalid for somebody who is not staff, OutOfStep when it is
    theirs already or has ended, Stale when `version` is not the instance's.
    """
    access.require(work.actor, "assign")
    statuses.check_running(instance, work.now)
    access.check_version(instance, version)
    if len(note) > LONGEST_NOTE:
        raise Invalid(
            _("Use %(longest_note)s characters at most", longest_note=f"{LONGEST_NOTE:,}"), "/note", "too-long"
        )
    if user is not None and (user.kind != "staff" or not user.is_active):
        raise Invalid(_("Choose a colleague who can sign in"), "/assignee", "choice")
    there = standing_in.who_is_there(work.session, user, work.now) if user is not None else None
    if (there.id if there else None) == instance.assignee_id:
        raise OutOfStep(_("It is assigned to %(value)s already", value=there.name if there else _("nobody")))
    give(work, instance, there, note.strip(), instead_of=user.name if user is not None and there is not user else "")


def take(work: Work, instance: Instance) -> None:
    """*Assign to me* (C29). From the queue of their department every member may take, whatever their role grants."""
    me = work.session.get_one(User, work.actor.user_id)
    mine = instance.department_id is not None and instance.department_id in work.actor.departments | work.actor.manages
    if not (mine and instance.assignee_id is None and instance.is_open):
        access.require(work.actor, "assign")
        assign(work, instance, me)
        return
    give(work, instance, me)


def give(work: Work, instance: Instance, user: User | None, note: str = "", instead_of: str = "") -> None:
    """Change the assignee and say so; who may is decided before."""
    before = work.session.get(User, instance.assignee_id) if instance.assignee_id is not None else None
    instance.assignee_id = user.id if user is not None else None
    instance.version += 1
    instance.last_activity_at = work.now
    if instance.state is not None:
        staging.follow_the_baton(work, instance)
    participating.take_part(work, instance, instance.assignee_id)
    name = user.name if user is not None else "nobody"
    fact = Assigned(name, note, before.name if before else "", instead_of, user.id if user is not None else None)
    work.record(instance, fact)
    definition = versions.definition_of(work.session, instance)
    if user is not None:
        moment = f"assigned.{instance.event_seq}"
        owing.owe(work, instance, definition, moment, definition.effects_for("assigned"))


def hand_back(work: Work, instance: Instance, note: str) -> None:
    """The customer with whom it was has done their part: to whoever asked them, else to the queue of its department."""
    query = select(User).join(TimelineEvent, TimelineEvent.actor_id == User.id)
    gave = query.where(TimelineEvent.instance_id == instance.id, TimelineEvent.kind == Assigned.kind())
    gave = gave.where(User.kind == "staff", User.is_active)
    asker = work.session.scalar(gave.order_by(TimelineEvent.seq.desc()).limit(1))
    there = standing_in.who_is_there(work.session, asker, work.now) if asker is not None else None
    give(work, instance, there, note)
