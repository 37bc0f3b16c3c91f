"""When people may talk about a request, why not when they may not, and what counts as unread: decided here alone."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from flows.rules.actors import Actor
from flows.rules.errors import OutOfStep, Problem
from flows.rules.words import day_in_words
from flows.words import N_
from flows.words import gettext as _

CLOSED = {
    "completed": N_("Messaging is closed because this request was completed on %(day)s"),
    "closed": N_("Messaging is closed because this request was closed on %(day)s"),
    "cancelled": N_("Messaging is closed because this request was cancelled on %(day)s"),
    "expired": N_("Messaging is closed because the time for this request ended on %(day)s"),
}
"""Why its conversation is closed, by how a request ended."""
CLOSED_ONCE = {
    "completed": N_("Messaging is closed because this request was completed"),
    "closed": N_("Messaging is closed because this request was closed"),
    "cancelled": N_("Messaging is closed because this request was cancelled"),
    "expired": N_("Messaging is closed because the time for this request ended"),
}
"""The same where nobody knows when that was."""
NONE = N_("There are no messages about requests of this kind")
BY_HAND = N_("Cases and tasks of departments are talked about in their comments")


class Talked(Protocol):
    """An instance, as far as talking about it goes."""

    @property
    def status(self) -> str: ...
    @property
    def state(self) -> str | None: ...
    @property
    def outcome_kind(self) -> str | None: ...
    @property
    def closed_at(self) -> datetime | None: ...
    @property
    def expires_at(self) -> datetime | None: ...
    def is_running(self, now: datetime) -> bool: ...


class Said(Protocol):
    """A message, as far as it may be unread."""

    @property
    def seq(self) -> int: ...
    @property
    def author_id(self) -> int | None: ...
    @property
    def author_kind(self) -> str: ...
    @property
    def is_internal(self) -> bool: ...


def ended_as(instance: Talked) -> str | None:
    """A key of CLOSED for an instance that has ended or whose end has come; overdue is still open (C54, Q21)."""
    if instance.closed_at is None:
        return "expired"
    return "closed" if instance.status == "completed" and instance.outcome_kind == "negative" else instance.status


def ended_at(instance: Talked) -> datetime | None:
    return instance.closed_at or instance.expires_at


def closed_because(instance: Talked, now: datetime, zone: str, has_messages: bool = True) -> str | None:
    """Why nothing can be said (any more), in a sentence; None while it runs (C54)."""
    if not has_messages:
        return _(NONE)
    if instance.is_running(now):
        return None
    at, how = ended_at(instance), ended_as(instance) or "closed"
    return _(CLOSED_ONCE[how]) if at is None else _(CLOSED[how], day=day_in_words(at, zone))


def check_open(instance: Talked, now: datetime, zone: str, has_messages: bool = True) -> None:
    """OutOfStep (`conversation-closed`) once it has ended; cases have comments instead."""
    if instance.state is not None:
        raise OutOfStep(_(BY_HAND))
    if because := closed_because(instance, now, zone, has_messages):
        raise OutOfStep(because, "conversation-closed")


def wrong_words(words: str, has_files: bool, longest: int) -> list[Problem]:
    """What is wrong with what somebody wants to say."""
    if not words and not has_files:
        return [Problem("/text", "required", _("Write a message, or attach a file"))]
    if len(words) > longest:
        too_many = len(words) - longest
        return [
            Problem(
                "/text",
                "too-long",
                _(
                    "Use %(longest)s characters at most; these are %(too_many)s too many",
                    longest=f"{longest:,}",
                    too_many=f"{too_many:,}",
                ),
            )
        ]
    return []


def counts_as_unread(message: Said, reader: Actor, read_up_to: int) -> bool:
    """Whether it waits to be read by this person (Q24): never one's own, never a note between staff.

    What a flow says, it says for the house: to the customer it is news, to staff it is not.
    """
    if message.is_internal or message.seq <= read_up_to:
        return False
    if message.author_kind == "system":
        return not reader.is_staff
    return message.author_id != reader.user_id
