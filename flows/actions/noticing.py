"""Notices: given to people, pushed to their devices, and seen, after which they are in nobody's way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from sqlalchemy import ColumnElement, Select, and_, bindparam, join, or_, select, update

from flows.access import clean
from flows.actions.writing import write_effect
from flows.clock import clock
from flows.models import Device, Instance, Mute, Notice, Order, SignIn, User
from flows.models.base import Moment, opaque_id
from flows.rules.notices import KINDS, end_of_quiet, is_wanted, kind_for
from flows.words import USUAL, Saying, said
from flows.work import Subject, Work

LONGEST = 400


def tell(
    work: Work,
    user_ids: Iterable[int],
    kind: str,
    text: Saying,
    link: Saying = "",
    *,
    about: Subject | None = None,
    url: str = "",
    at_top: bool = True,
) -> None:
    """Put words into the inbox of these people, and owe a push to each of their devices that wants this kind (C52).

    What is given as a function is said to each in their own language. With an address of the back office the notice
    names no instance, which would lead to the portal.
    """
    in_portal = not url.startswith("/admin/")
    for user_id, reach in _reached(work, [*user_ids]).items():
        notice = Notice(
            uid=opaque_id("ntf"),
            user_id=user_id,
            organisation_id=about.organisation_id if about is not None else None,
            instance=about if isinstance(about, Instance) and in_portal else None,
            order=about if isinstance(about, Order) and in_portal else None,
            kind=kind,
            at_top=at_top,
            text=said(text, reach.language)[:LONGEST],
            link_text=said(link, reach.language),
            url=url,
            created_at=work.now,
        )
        work.session.add(notice)
        if KINDS[kind].push != "never" and (not isinstance(about, Instance) or about.id not in reach.muted):
            _push(work, notice, reach, about)


def staff_among(work: Work, user_ids: Collection[int]) -> set[int]:
    """Those whose door is the back office; what is read for it is what `tell` needs to know of them."""
    reached = _reached(work, user_ids).items()
    return {user_id for user_id, reach in reached if reach.user is not None and reach.user.kind == "staff"}


@dataclass
class _Reach:
    """The language of one person, their devices, and the requests that they have muted."""

    user: User | None = None
    language: str = USUAL
    devices: list[str] = field(default_factory=list)
    muted: set[int] = field(default_factory=set)


def _reached(work: Work, user_ids: Collection[int]) -> dict[int, _Reach]:
    """What is needed to know who gets a push, in one statement for each person and work."""
    known: dict[int, _Reach] = work.known.setdefault("reach", {})
    unknown = [user_id for user_id in user_ids if user_id not in known]
    if unknown:
        known.update({user_id: _Reach() for user_id in unknown})
        asked = {"ids": unknown, "now": work.now, "wall": clock.wall()}
        for user, device, instance_id in work.session.execute(_people_with_devices(), asked):
            reach = known[user.id]
            reach.user, reach.language = user, user.language or USUAL
            reach.devices += [device] if device is not None and device not in reach.devices else []
            reach.muted |= {instance_id} if instance_id is not None else set()
    return {user_id: known[user_id] for user_id in user_ids}


@cache
def _people_with_devices() -> Select[User, str, int]:
    """Each with every device that is signed in and every request that is muted; built once."""
    now, wall = (bindparam(name, type_=Moment) for name in ("now", "wall"))
    muted = and_(Mute.user_id == Device.user_id, or_(Mute.until.is_(None), Mute.until > now))
    alive = and_(SignIn.id == Device.sign_in_id, SignIn.revoked_at.is_(None), SignIn.expires_at > wall)
    return (
        select(User, Device.uid, Mute.instance_id)
        .outerjoin(join(Device, SignIn, alive), Device.user_id == User.id)
        .outerjoin(Mute, muted)
        .where(User.id.in_(bindparam("ids", expanding=True)))
        .order_by(Device.id)
    )


def _push(work: Work, notice: Notice, reach: _Reach, about: Subject | None) -> None:
    user = reach.user
    if user is None or not reach.devices:
        return
    if about is not None and about.id is None:
        work.session.flush()  # its reference is the number of its row
    kind = kind_for(notice.kind, "staff" if user.kind == "staff" else "customer")
    if not is_wanted(user.notice_choices, kind, "push"):
        return
    reference = about.reference if about is not None else ""
    at = end_of_quiet(user.notice_choices, work.now, user.time_zone)
    for device in reach.devices:
        payload = {"name": kind.name, "notice": notice.uid, "device": device, "reference": reference}
        write_effect(work, None, f"{notice.uid}:push:{device}", "push", payload, at=at)


def supersede(work: Work, user_ids: Collection[int], kind: str, url: str) -> set[int]:
    """What was said before under the same address counts as seen: the next notice says it again.

    Returns those who had not seen it yet.
    """
    same = Notice.user_id.in_(user_ids), Notice.kind == kind, Notice.url == url, Notice.seen_at.is_(None)
    older = update(Notice).where(*same).values(seen_at=work.now).returning(Notice.user_id)
    return {*work.session.scalars(older, execution_options={"synchronize_session": False})}


def see_messages_of(work: Work, instance: Instance) -> None:
    """A person who has read the conversation has seen that there was something new in it."""
    _see(work, and_(Notice.kind == "message", Notice.url.contains(f"/{instance.reference}#", autoescape=True)))


def see(work: Work, uids: Sequence[str]) -> int:
    """Mark the actor's own notices as seen; returns how many were new. Others' and unknown ids do nothing."""
    return _see(work, Notice.uid.in_([clean(uid) for uid in uids]))


def see_all_of(work: Work, instance_id: int) -> None:
    """A person who opens a task has seen what was said about it."""
    _see(work, Notice.instance_id == instance_id)


def _see(work: Work, which: ColumnElement[bool]) -> int:
    query = update(Notice).where(Notice.user_id == work.actor.user_id, Notice.seen_at.is_(None), which)
    new = query.values(seen_at=work.now).returning(Notice.id)
    return len(work.session.scalars(new, execution_options={"synchronize_session": False}).all())
