"""Saved replies: words that staff use again, with holes that are filled for the request they are used in (X29)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flows import access
from flows.actions import versions
from flows.actions.scope import as_told, roots, scope_of
from flows.models import Instance, SavedReply
from flows.models.conversations import LONGEST_MESSAGE
from flows.rules.errors import Invalid, OutOfStep, Problem, Refused
from flows.rules.expressions import ExpressionProblem, compile_text
from flows.words import gettext as _
from flows.work import Work

MOST = 100
LONGEST_TITLE = 80


def save(work: Work, title: str, text: str, is_shared: bool = False) -> SavedReply:
    """Keep words as a reply of one's own, or everybody's (needs `message`).

    Raises Invalid with every problem, a hole that cannot be read among them; OutOfStep when there are too many.
    """
    access.require(work.actor, "message")
    title, text = _checked(work, title, text, None)
    mine = select(func.count(SavedReply.id)).where(SavedReply.user_id == work.actor.user_id)
    if (work.session.scalar(mine) or 0) >= MOST:
        raise OutOfStep(_("You have %(most)s saved replies already. Remove one that you do not need", most=MOST))
    reply = SavedReply(
        user_id=work.actor.user_id, title=title, text=text, is_shared=is_shared, created_at=work.now
    )  # fmt: skip
    work.session.add(reply)
    if is_shared:
        work.audit("reply_shared", title)
    return reply


def change(work: Work, reply: SavedReply, title: str, text: str, is_shared: bool) -> None:
    """Other words: one's own, or with `users` one that a colleague shares."""
    _check_mine(work, reply)
    title, text = _checked(work, title, text, reply)
    if reply.is_shared or is_shared:
        work.audit("reply_changed", title, was=reply.title)
    reply.title, reply.text, reply.is_shared = title, text, is_shared


def remove(work: Work, reply: SavedReply) -> None:
    """Forget it: one's own, or with `users` one that a colleague shares."""
    _check_mine(work, reply)
    if reply.is_shared:
        work.audit("reply_removed", reply.title)
    work.session.delete(reply)


def fill(session: Session, instance: Instance, reply: SavedReply, now: datetime) -> str:
    """The words as they read for this request: private answers masked (X20), dates in words.

    A hole that has nothing to say yet stays as it is, so that whoever sends it sees to it.
    """
    definition = versions.definition_of(session, instance)
    text = as_told(compile_text(reply.text), instance, definition, now)
    scope = scope_of(session, instance, definition, now, wanted=roots(text.names))
    try:
        return str(text.render_or(scope, reply.text))
    except ExpressionProblem:
        return reply.text


def _checked(work: Work, title: str, text: str, reply: SavedReply | None) -> tuple[str, str]:
    title, text = access.clean(title).strip(), "\n".join(access.clean(text).split("\r\n")).strip()
    problems = []
    if not title:
        problems.append(Problem("/title", "required", _("Enter a title, so that it is found again")))
    elif len(title) > LONGEST_TITLE:
        problems.append(
            Problem("/title", "too-long", _("Use %(longest_title)s characters at most", longest_title=LONGEST_TITLE))
        )
    elif _is_taken(work, title, reply):
        problems.append(Problem("/title", "taken", _("You have a reply with this title already. Choose another one")))
    if not text:
        problems.append(Problem("/text", "required", _("Enter the words of the reply")))
    elif len(text) > LONGEST_MESSAGE:
        problems.append(
            Problem(
                "/text",
                "too-long",
                _("Use %(longest_message)s characters at most", longest_message=f"{LONGEST_MESSAGE:,}"),
            )
        )
    else:
        problems += _wrong_holes(text)
    if problems:
        raise Invalid(problems)
    return title, text


def _wrong_holes(text: str) -> list[Problem]:
    try:
        compile_text(text)
    except ExpressionProblem as wrong:
        line = text.count("\n", 0, wrong.offset) + 1
        return [
            Problem(
                "/text",
                "hole",
                _(
                    "Line %(line)s: %(message)s. A hole is like ${{ customer.first_name }}",
                    line=line,
                    message=wrong.message,
                ),
            )
        ]
    return []


def _is_taken(work: Work, title: str, reply: SavedReply | None) -> bool:
    owner = reply.user_id if reply is not None else work.actor.user_id
    same = select(SavedReply.id).where(SavedReply.user_id == owner, SavedReply.title == title)
    found = work.session.scalar(same)
    return found is not None and (reply is None or found != reply.id)


def _check_mine(work: Work, reply: SavedReply) -> None:
    access.require(work.actor, "message")
    if reply.user_id != work.actor.user_id and not work.actor.may("users"):
        raise Refused(_("This reply is a colleague's. Save one of your own instead"), known=True)
