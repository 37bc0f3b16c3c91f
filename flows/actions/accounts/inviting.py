"""Invitations: a link by mail to join, for 7 days, once (X27)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from flows import catalogue, settings
from flows.access import require
from flows.actions import beginning, versions
from flows.actions.accounts.passwords import hash_password
from flows.actions.accounts.people import add_person, own_organisation
from flows.actions.accounts.sessions import Denied, Device, SignedIn, open_sign_in
from flows.actions.accounts.tallies import count_try
from flows.actions.accounts.tokens import digest, new_token
from flows.actions.owing import owe_mail
from flows.clock import clock
from flows.models import Instance, Invitation, Membership, Organisation, User
from flows.rules.errors import Invalid, Refused
from flows.rules.passwords import check_password, clean_email
from flows.rules.words import date_in_words
from flows.words import gettext as _
from flows.work import Work

INVITATION_LIVES = timedelta(days=7)
MOST_AN_HOUR = 30


def invite(
    work: Work,
    email: str,
    kind: str,
    organisation: Organisation | None = None,
    role: str = "member",
    begins: Mapping[str, Any] | None = None,
) -> Invitation:
    """Invite somebody by mail. Owners invite customers to their organisations; staff with `users` invite anybody.

    `begins` is the flow that starts when it is accepted (`flows.actions.beginning.begins_with`); it needs `create`.
    Raises Invalid for a bad address or somebody who belongs there already, Busy after 30 in an hour.
    """
    email = clean_email(email)
    if begins is None:
        _may_invite(work, kind, organisation)
    else:
        require(work.actor, "create")
    if role not in ("owner", "member"):
        raise Invalid(_("Choose owner or member"), "/role", "choice")
    count_try(work, f"invite:{work.actor.user_id}", MOST_AN_HOUR, 3600)
    _refuse_who_is_here(work, email, kind, organisation)
    _end_invitations(work, email, organisation)
    token = new_token()
    invitation = Invitation(
        email=email,
        kind=kind,
        organisation_id=organisation.id if organisation else None,
        role=role,
        token_hash=digest(token),
        invited_by_id=work.actor.user_id,
        created_at=clock.wall(),
        expires_at=clock.wall() + INVITATION_LIVES,
        begins=dict(begins) if begins is not None else None,
    )
    work.session.add(invitation)
    work.session.flush()
    owe_mail(
        work,
        key=f"invitation:{invitation.id}",
        template="invitation",
        kind="access",
        address=email,
        language=work.actor.language,
        scope={
            "url": f"{settings.current().origin}/invite/{token}",
            "inviter": work.actor.name,
            "organisation": organisation.name if organisation else settings.current().brand,
            "about": lambda: _title_of(begins),
            "expires_on": lambda: date_in_words(invitation.expires_at),
        },
    )
    work.audit("invited", email, invited_as=kind, role=role, organisation=organisation.name if organisation else None)
    return invitation


def _may_invite(work: Work, kind: str, organisation: Organisation | None) -> None:
    if kind == "staff" or organisation is None:
        if kind != "staff" or organisation is not None:
            raise Invalid(_("Customers are invited to an organisation, staff to none"), "/organisation", "invalid")
        require(work.actor, "users")
    elif work.actor.kind == "customer":
        own_organisation(work, organisation)
    else:
        require(work.actor, "users")


def _refuse_who_is_here(work: Work, email: str, kind: str, organisation: Organisation | None) -> None:
    user = work.session.scalar(select(User).where(User.email == email))
    if user is None or (user.kind == "customer" == kind and organisation and not _membership(work, user, organisation)):
        return
    raise Invalid(
        _("This person cannot be invited: they belong here already, or their address is used otherwise"),
        "/email",
        "taken",
    )


def invitation_of(session: Session, token: str) -> Invitation:
    """The invitation of a link that still works; Refused (`link-expired`) otherwise. Looking uses nothing up."""
    invitation = session.scalar(select(Invitation).where(Invitation.token_hash == digest(token)))
    if invitation is None or invitation.accepted_at is not None or invitation.expires_at <= clock.wall():
        raise Refused(_("This invitation was used already or is too old. Ask for a new one"), code="link-expired")
    return invitation


def accept_invitation(
    work: Work,
    token: str,
    device: Device,
    *,
    name: str = "",
    password: str = "",
    time_zone: str = "",
    language: str = "en",
) -> SignedIn | Denied:
    """Join with the link of a mail: a new account, or one more organisation for somebody who has an account.

    The link proves the address, so the person is signed in. Refused (`link-expired`), Invalid for the words given.
    """
    count_try(work, f"invitation@{device.address}")
    found = invitation_of(work.session, token)
    # Two clicks on one link: the second waits here and then finds the invitation accepted.
    work.session.refresh(found, with_for_update=True)
    invitation = invitation_of(work.session, token)
    user = work.session.scalar(select(User).where(User.email == invitation.email))
    if user is None:
        if password:
            check_password(password, invitation.email)
        user = add_person(
            work, kind=invitation.kind, email=invitation.email, name=name, time_zone=time_zone, language=language
        )
        user.password_hash = hash_password(password) if password else None
    elif not user.is_active or user.kind != invitation.kind:
        raise Refused(_("This invitation cannot be accepted. Ask who invited you"), code="link-expired")
    invitation.accepted_at = clock.wall()
    user.email_verified_at = user.email_verified_at or invitation.accepted_at
    _join(work, user, invitation)
    signed_in = open_sign_in(work, user, device)
    work.audit("invitation_accepted", user.email, organisation=invitation.organisation_id)
    return replace(signed_in, begun=_begin(work, user, invitation))


def _title_of(begins: Mapping[str, Any] | None) -> str:
    """What the invitation is for, in the words of its flow; empty when it is for nothing but joining."""
    loaded = catalogue.current().flows.get(str(begins["flow"])) if begins is not None else None
    return versions.flow_shown(loaded).definition.title if loaded is not None else ""


def _begin(work: Work, user: User, invitation: Invitation) -> Instance | None:
    """The flow that this invitation is for starts now, as created by whoever invited (C10)."""
    if invitation.begins is None or invitation.organisation_id is None:
        return None
    organisation = work.session.get_one(Organisation, invitation.organisation_id)
    return beginning.start_invited(work, invitation.begins, user, organisation, invitation.invited_by_id)


def withdraw_invitation(work: Work, invitation_id: int, organisation: Organisation) -> None:
    """The link stops working. Owners of the organisation, or staff with `users`."""
    _may_invite(work, "customer", organisation)
    invitation = work.session.get(Invitation, invitation_id)
    if invitation is None or invitation.organisation_id != organisation.id or invitation.accepted_at is not None:
        raise Refused(_("No such invitation"))
    invitation.expires_at = clock.wall()
    work.audit("invitation_withdrawn", invitation.email, organisation=organisation.name)


def _join(work: Work, user: User, invitation: Invitation) -> None:
    organisation = work.session.get(Organisation, invitation.organisation_id) if invitation.organisation_id else None
    if organisation is not None and not _membership(work, user, organisation):
        work.session.add(
            Membership(user_id=user.id, organisation_id=organisation.id, role=invitation.role, created_at=clock.wall())
        )
        work.session.flush()


def _membership(work: Work, user: User, organisation: Organisation) -> Membership | None:
    return work.session.scalar(
        select(Membership).where(Membership.user_id == user.id, Membership.organisation_id == organisation.id)
    )


def _end_invitations(work: Work, email: str, organisation: Organisation | None) -> None:
    open_ones = update(Invitation).where(
        Invitation.email == email,
        Invitation.accepted_at.is_(None),
        Invitation.expires_at > clock.wall(),
        Invitation.organisation_id == organisation.id if organisation else Invitation.organisation_id.is_(None),
    )
    work.session.execute(open_ones.values(expires_at=clock.wall()))
