"""When people may talk, why not when they may not, and what counts as unread: decided without a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from flows.rules import conversations
from flows.rules.actors import Actor
from flows.rules.errors import OutOfStep

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
TENANT, AGENT = Actor("customer", 1), Actor("staff", 2)


@dataclass
class Request:
    status: str = "in_progress"
    state: str | None = None
    outcome_kind: str | None = None
    closed_at: datetime | None = None
    expires_at: datetime | None = None

    def is_running(self, now: datetime) -> bool:
        return self.closed_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass
class Said:
    seq: int = 5
    author_id: int | None = 2
    author_kind: str = "staff"
    is_internal: bool = False


@pytest.mark.requirement("C54")
@pytest.mark.parametrize(("request_", "words"), [
    (Request(), None),
    (Request(expires_at=NOW + timedelta(seconds=1)), None),
    (Request("completed", outcome_kind="positive", closed_at=NOW), "this request was completed on Saturday 21"),
    (Request("completed", outcome_kind="negative", closed_at=NOW), "this request was closed on Saturday 21"),
    (Request("cancelled", closed_at=NOW), "this request was cancelled on Saturday 21"),
    (Request("expired", closed_at=NOW), "the time for this request ended on Saturday 21"),
    (Request(expires_at=NOW), "the time for this request ended on Saturday 21"),
])  # fmt: skip
def test_why_a_conversation_is_closed(request_: Request, words: str | None) -> None:
    because = conversations.closed_because(request_, NOW, "Europe/London")
    assert (because is None) if words is None else (words in (because or ""))
    if words is None:
        conversations.check_open(request_, NOW, "UTC")
    else:
        with pytest.raises(OutOfStep, match="Messaging is closed"):
            conversations.check_open(request_, NOW, "UTC")


@pytest.mark.requirement("C54")
def test_cases_have_comments_instead() -> None:
    with pytest.raises(OutOfStep, match="in their comments"):
        conversations.check_open(Request(state="New"), NOW, "UTC")


@pytest.mark.requirement("C51")
@pytest.mark.parametrize(("said", "reader", "read_up_to", "counts"), [
    (Said(), TENANT, 4, True), (Said(), TENANT, 5, False), (Said(), AGENT, 0, False),
    (Said(author_id=3), AGENT, 0, True), (Said(author_id=1, author_kind="customer"), AGENT, 0, True),
    (Said(author_id=1, author_kind="customer"), TENANT, 0, False),
    (Said(author_id=3, is_internal=True), AGENT, 0, False),
    (Said(author_id=None, author_kind="system"), TENANT, 0, True),
    (Said(author_id=None, author_kind="system"), AGENT, 0, False),
])  # fmt: skip
def test_what_counts_as_unread(said: Said, reader: Actor, read_up_to: int, counts: bool) -> None:
    assert conversations.counts_as_unread(said, reader, read_up_to) is counts


@pytest.mark.requirement("C47")
@pytest.mark.parametrize(("words", "has_files", "codes"), [
    ("Hello", False, []), ("", True, []), ("", False, ["required"]), ("x" * 10, False, []),
    ("x" * 11, True, ["too-long"]),
])  # fmt: skip
def test_what_can_be_said(words: str, has_files: bool, codes: list[str]) -> None:
    assert [one.code for one in conversations.wrong_words(words, has_files, 10)] == codes
