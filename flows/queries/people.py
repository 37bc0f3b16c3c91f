"""What somebody sees of people: the members of organisations they own, and who is invited to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import false, or_, select

from flows.access import read_as
from flows.clock import clock
from flows.models import Invitation, Membership, Organisation, User
from flows.rules.actors import Actor


@dataclass(frozen=True)
class Member:
    """A person and what they are in the organisation."""

    user: User
    role: str


def owned_organisations(actor: Actor, *, with_customers: bool = False) -> Sequence[Organisation]:
    """Organisations whose people this person looks after, by name; also those that they resell to when asked."""
    own = select(Membership.organisation_id).where(Membership.user_id == actor.user_id, Membership.role == "owner")
    parents = Organisation.parent_id.in_(own) if with_customers else false()
    theirs = or_(Organisation.id.in_(own), parents)
    return (
        read_as(actor)
        .scalars(
            select(Organisation).where(theirs, Organisation.is_active).order_by(Organisation.name, Organisation.id)
        )
        .all()
    )


def members_of(actor: Actor, organisation: Organisation) -> list[Member]:
    """Everybody in it, owners first."""
    rows = read_as(actor).execute(
        select(User, Membership.role)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organisation_id == organisation.id)
        .order_by(Membership.role.desc(), User.name, User.id)
    )
    return [Member(user, role) for user, role in rows]


def open_invitations(actor: Actor, organisation: Organisation) -> Sequence[Invitation]:
    """Invitations that were not accepted and still work, newest first."""
    return (
        read_as(actor)
        .scalars(
            select(Invitation)
            .where(
                Invitation.organisation_id == organisation.id,
                Invitation.accepted_at.is_(None),
                Invitation.expires_at > clock.wall(),
            )
            .order_by(Invitation.id.desc())
        )
        .all()
    )
