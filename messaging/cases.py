"""What people hear about cases and department tasks beside what the flow says: a question, and comments."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from flows import events
from flows.actions import noticing
from flows.actions.owing import recipients
from flows.models import Instance, Notice, User
from flows.words import LANGUAGES, Saying, said, saying
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
    _note(
        telling,
        [user.id],
        saying("We need an answer from you: %(title)s", title=telling.title(instance)),
        saying("Answer it"),
    )


def commented_by_us(telling: Telling, instance: Instance, _fact: events.Commented) -> None:
    work = telling.work
    if work.actor.is_staff:
        text = saying("%(who)s commented on %(title)s", who=work.actor.name, title=telling.title(instance))
        _note(telling, recipients(work, instance, ("customer",)), text, saying("Read it"))


def commented_by_them(telling: Telling, instance: Instance, _fact: events.Commented) -> None:
    """Whoever works on it. The answer to a question comes as work."""
    work = telling.work
    if not work.actor.is_staff and instance.waiting_on == "staff" and instance.assignee_id is not None:
        words = saying(
            "%(who)s commented on %(title)s (%(ref)s)", who=work.actor.name, title=telling.title(instance),
            ref=instance.reference,
        )  # fmt: skip
        _note(telling, [instance.assignee_id], words, saying("Read it"), instance.staff_page)


def _note(telling: Telling, user_ids: Iterable[int], text: Saying, link: Saying, url: str = "") -> None:
    """Once until it is seen, however much is written meanwhile, and in whose language."""
    ids, texts = [*user_ids], {said(text, language)[: noticing.LONGEST] for language in LANGUAGES}
    same = select(Notice.user_id).where(Notice.user_id.in_(ids), Notice.text.in_(texts), Notice.seen_at.is_(None))
    told = {*telling.work.session.scalars(same)} if ids else set()
    telling.note([user_id for user_id in ids if user_id not in told], text, link, url=url)
