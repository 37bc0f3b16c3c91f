"""What people hear about cases and department tasks beside what the flow says: a question, and comments."""

from __future__ import annotations

from sqlalchemy import select

from flows import events
from flows import settings as settings_room
from flows.actions.owing import owe_mail, recipients
from flows.models import Instance, Notice, User
from flows.work import Work


def assigned(work: Work, instance: Instance, fact: events.Assigned) -> None:
    """Handed back to its customer, by *Reply* say: they are asked, with the words that came with it.

    Colleagues hear of it from the flow.
    """
    user = work.session.get(User, fact.user_id) if fact.user_id is not None else None
    if user is None or user.kind != "customer" or user.id == work.actor.user_id or instance.is_internal:
        return
    moves = [one for of, one in work.recorded if of is instance and isinstance(one, events.Acted)]
    words = {
        "sender": work.actor.name,
        "message": moves[-1].comment if moves else fact.note,
        "url": f"{settings_room.current().origin}/cases/{instance.reference}",
    }
    key = f"{instance.uid}:{instance.event_seq}:case-question:{user.id}"
    owe_mail(work, key=key, template="case-question", to=user.id, scope=words, subject=instance)
    _notice(work, instance, user.id, f"We need an answer from you: {instance.title}", "Answer it")


def commented(work: Work, instance: Instance, _fact: events.Commented) -> None:
    """The other side: whoever works on it, or the people of the customer. The answer to a question comes as work."""
    text = f"{work.actor.name} commented on {instance.title}"
    if work.actor.is_staff:
        for user_id in recipients(work, instance, ("customer",)):
            _notice(work, instance, user_id, text, "Read it")
    elif instance.waiting_on == "staff" and instance.assignee_id is not None:
        words = f"{text} ({instance.reference})"
        _notice(work, instance, instance.assignee_id, words, "Read it", instance.staff_page)


def _notice(work: Work, instance: Instance, user_id: int, text: str, link: str, url: str = "") -> None:
    """Once until it is seen, however much is written meanwhile. With an address of the back office it names no
    instance, which would lead to the portal."""
    same = select(Notice.id).where(Notice.user_id == user_id, Notice.text == text[:400], Notice.seen_at.is_(None))
    if work.session.scalar(same.limit(1)) is None:
        where = {"url": url} if url else {"instance": instance}
        work.session.add(
            Notice(
                user_id=user_id,
                organisation_id=instance.organisation_id,
                text=text[:400],
                link_text=link,
                created_at=work.now,
                **where,
            )
        )
