"""Agreements as staff look at them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from flows.access import clean, read_as, visible_instances
from flows.models import Agreement, Instance, LinkHolder
from flows.rules.actors import Actor
from flows.rules.errors import Refused
from flows.words import gettext as _


def agreement(actor: Actor, uid: str) -> tuple[Agreement, Sequence[Instance]]:
    """One agreement and the instances that are linked to it, in two statements."""
    found = read_as(actor).scalar(select(Agreement).where(Agreement.uid == clean(uid)))
    if found is None:
        raise Refused(_("No such agreement"))
    linked = visible_instances(actor).join(LinkHolder, LinkHolder.instance_id == Instance.id)
    query = linked.where(LinkHolder.value == found.uid).order_by(Instance.id.desc()).limit(20)
    return found, read_as(actor).scalars(query).all()
