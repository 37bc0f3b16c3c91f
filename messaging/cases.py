"""What people hear about cases and department tasks beside what the flow says: a question, and comments."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from flows import events
from flows.actions.owing import recipients
from flows.models import Instance, Notice, User
from messaging.telling import Telling, absolute


def asked(telling: Telling, instance: Instance, fact: events.Assigned) -> None:
    """Handed back to its customer, by *Reply* say: they are asked, with the words that came with it.

    Colleagues hear of it from the flow.
    """
    work = telling.work
    user = work.session.get(User, fact.user_id) if fact.user_id is not None and instance.state is not None else None
    if user is None or user.kind != "customer" or user.id == work.actor.user_id or instance.is_internal:
        return
    moves = telling.all(events.Acted)
    telling.mail(
        user.id, "case-question", sender=work.actor.name, message=moves[-1].comment if moves else fact.note,
        url=absolute(f"/cases/{instance.reference}"),
    )  # fmt: skip
    _note(telling, [user.id], f"We need an answer from you: {instance.title}", "Answer it")


def commented_by_us(telling: Telling, instance: Instance, _fact: events.Commented) -> None:
    work = telling.work
    if work.actor.is_staff:
        text = f"{work.actor.name} commented on {instance.title}"
        _note(telling, recipients(work, instance, ("customer",)), text, "Read it")


def commented_by_them(telling: Telling, instance: Instance, _fact: events.Commented) -> None:
    """Whoever works on it. The answer to a question comes as work."""
    work = telling.work
    if not work.actor.is_staff and instance.waiting_on == "staff" and instance.assignee_id is not None:
        words = f"{work.actor.name} commented on {instance.title} ({instance.reference})"
        _note(telling, [instance.assignee_id], words, "Read it", instance.staff_page)


def _note(telling: Telling, user_ids: Iterable[int], text: str, link: str, url: str = "") -> None:
    """Once until it is seen, however much is written meanwhile."""
    ids = [*user_ids]
    same = select(Notice.user_id).where(Notice.user_id.in_(ids), Notice.text == text[:400], Notice.seen_at.is_(None))
    told = {*telling.work.session.scalars(same)} if ids else set()
    telling.note([user_id for user_id in ids if user_id not in told], text, link, url=url)
