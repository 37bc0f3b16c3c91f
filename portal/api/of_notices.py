"""What was said to the person who asks, and what they want to hear of: inbox, preferences, muted requests (P14)."""

from __future__ import annotations

from flows import access
from flows.actions import choosing, noticing
from flows.models import Notice
from flows.queries import choices, notices
from flows.rules.errors import Invalid
from flows.rules.notices import Channel, Kind
from flows.words import gettext as _
from portal.api import asked, cursors, draw_notice, shapes
from portal.api.door import Answer, Call, counted_page, operation


@operation("GET", "/me/notification_preferences", who="signed_in", gives=shapes.Preferences)
def get_preferences(call: Call) -> Answer:
    """What I hear of by mail and push; in the portal everything stands."""
    return Answer(_preferences(call))


@operation("PUT", "/me/notification_preferences", who="signed_in", gives=shapes.Preferences)
def set_preferences(call: Call, body: asked.Preferences) -> Answer:
    """Choose anew: the kinds wanted by mail and push, and quiet hours. What always comes may be named or not."""
    choosing.choose(call.work, {"mail": body.mail, "push": body.push}, body.quiet_from, body.quiet_to)
    call.session.flush()
    return Answer(_preferences(call))


@operation("PUT", "/instances/<instance_id>/mute", who="signed_in", gives=shapes.Muted, refusals=("not-found",))
def mute_instance(call: Call, instance_id: str, body: asked.Mute) -> Answer:
    """Mute a request, for good or `until`: no pushes, and no mails but those that always come. Or hear of it again."""
    instance = access.instance_to_read(call.actor, instance_id)
    if body.muted:
        choosing.mute(call.work, instance, body.until)
    else:
        choosing.unmute(call.work, instance)
    return Answer(shapes.Muted(muted=body.muted, until=body.until if body.muted else None))


@operation(
    "GET",
    "/notifications",
    who="signed_in",
    gives=shapes.CountedPage[shapes.Notification],
    refusals=("cursor-mismatch",),
)
def list_notifications(call: Call, query: asked.NoticeList) -> Answer:
    """What was said to me, the newest first."""
    found = notices.inbox(
        call.actor,
        unread=query.unread,
        cursor=cursors.opened(query.cursor),
        limit=query.limit,
        count=query.count,
    )
    return counted_page(shapes.Notification, [draw_notice.notification(row) for row in found.rows], found)


@operation("POST", "/notifications/read", who="signed_in", gives=shapes.Read)
def read_notifications(call: Call, body: asked.SeenNotices) -> Answer:
    """Mark notices as read: these, or every one up to one. Others' ids do nothing."""
    if (body.ids is None) == (body.up_to is None):
        raise Invalid(_("Give either “ids” or “up_to”"), "/ids", "required")
    uids = body.ids if body.ids is not None else _up_to(call, body.up_to or "")
    return Answer(shapes.Read(read=noticing.see(call.work, uids)))


def _up_to(call: Call, uid: str) -> list[str]:
    mine = (
        notices.notices_of(call.actor.user_id or 0)
        .order_by(None)
        .with_only_columns(Notice.id)
        .where(Notice.uid == access.clean(uid))
    )
    earlier = (
        notices.notices_of(call.actor.user_id or 0)
        .with_only_columns(Notice.uid)
        .where(Notice.id <= mine.scalar_subquery())
    )
    return list(call.session.scalars(earlier.where(Notice.seen_at.is_(None))))


def _preferences(call: Call) -> shapes.Preferences:
    found = choices.of_person(call.actor)
    return shapes.Preferences(
        kinds=[
            shapes.NoticeKind(
                kind=kind.name, title=kind.title, mail=_says(kind, "mail", mail), push=_says(kind, "push", push)
            )
            for kind, mail, push in found.kinds
        ],
        quiet_from=found.quiet_from,
        quiet_to=found.quiet_to,
        muted=[one.instance.uid for one in found.muted],
    )


def _says(kind: Kind, channel: Channel, wanted: bool) -> str:
    says = kind.says(channel)
    return says if says != "choice" else "on" if wanted else "off"
