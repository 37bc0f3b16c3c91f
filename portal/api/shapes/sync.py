"""What changed since a phone asked last."""

from __future__ import annotations

from portal.api.shapes.cases import CaseSummary
from portal.api.shapes.forms import Draft
from portal.api.shapes.instances import InstanceSummary
from portal.api.shapes.notices import Notification
from portal.api.shapes.people import Summary
from portal.api.shapes.plain import Moment, Shape
from portal.api.shapes.shop import Customer, OrderSummary
from portal.api.shapes.talk import Message

Kept = InstanceSummary | CaseSummary | OrderSummary | Message | Draft | Notification | Customer


class Change(Shape):
    """The newest state of one thing (`upsert`), or that it is gone (`delete`, without `data`).

    `object` is account, instance, case, task, order, message, draft or notification; `data` is what the lists of these
    give: Customer, InstanceSummary, CaseSummary (case and task), OrderSummary, Message, Draft, Notification. The id of
    a draft is `<id of its instance>/<key of its step>`. `account_id` says whose it is: with an account everything goes
    that has its id here.
    """

    op: str
    object: str
    id: str
    account_id: str | None
    data: Kept | None


class Changes(Shape):
    """One page. Keep `cursor` together with what it brought; `full`: this is all there is, not what changed.

    `summary` comes with the last page, when `has_more` is false.
    """

    changes: list[Change]
    cursor: str
    has_more: bool
    full: bool
    server_time: Moment
    summary: Summary | None
