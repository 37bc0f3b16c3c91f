"""What a person chose to hear of, as the page of preferences and the API show it (P14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from flows.access import read_as
from flows.clock import clock
from flows.models import Device, Mute, SignIn, User
from flows.rules.actors import Actor
from flows.rules.notices import Kind, is_wanted, kinds_for


@dataclass(frozen=True)
class Choices:
    """Each kind for this reader, whether it is wanted by mail and push, and what else stands on the page."""

    kinds: Sequence[tuple[Kind, bool, bool]]
    quiet_from: str
    quiet_to: str
    muted: Sequence[Mute]
    devices: Sequence[Device]


def of_person(actor: Actor) -> Choices:
    """In three statements."""
    reading = read_as(actor)
    chosen = reading.get_one(User, actor.user_id).notice_choices
    quiet = chosen.get("quiet") or ["", ""]
    kinds = kinds_for("staff" if actor.is_staff else "customer")
    muted = select(Mute).options(joinedload(Mute.instance)).where(Mute.user_id == actor.user_id)
    running = muted.where(or_(Mute.until.is_(None), Mute.until > clock.now())).order_by(Mute.id.desc())
    return Choices(
        [(kind, is_wanted(chosen, kind, "mail"), is_wanted(chosen, kind, "push")) for kind in kinds],
        quiet[0],
        quiet[1],
        [one for one in reading.scalars(running) if one.instance is not None],
        devices_of(actor),
    )


def devices_of(actor: Actor) -> Sequence[Device]:
    """The phones and browsers that pushes go to now, the newest first."""
    query = select(Device).join(Device.sign_in).where(Device.user_id == actor.user_id, SignIn.revoked_at.is_(None))
    return read_as(actor).scalars(query.order_by(Device.last_seen_at.desc(), Device.id.desc())).all()
