"""Two who talk about a request: short words for what they say, note and read, each one piece of work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from flows import access
from flows.actions import conversing
from flows.models import Message
from flows.queries import conversations
from flows.queries.conversations import Talk
from flows.rules.actors import SYSTEM, Actor
from flows.work import end_reading, unit_of_work
from tests.guided.conftest import Play, move_in, play
from tests.world import World

__all__ = ["move_in", "play"]


@pytest.fixture
def parts() -> tuple[str, ...]:
    return ()


@dataclass
class Talking:
    """The conversation about the request of a play."""

    play: Play
    world: World

    def send(self, by: Actor, text: str = "Hello", client_id: str | None = None, files: Sequence[str] = ()) -> Message:
        with unit_of_work(by) as work:
            instance = access.instance_to_change(work, self.play.ref)
            return conversing.send(work, instance, text, client_id=client_id, upload_ids=files)

    def note(self, by: Actor, text: str = "Between us") -> Message:
        with unit_of_work(by) as work:
            return conversing.note(work, access.instance_to_change(work, self.play.ref), text)

    def read(self, by: Actor, seq: int) -> bool:
        with unit_of_work(by) as work:
            return conversing.mark_read(work, access.instance_to_change(work, self.play.ref), seq)

    def seen_by(self, actor: Actor, **page: int | bool | None) -> Talk:
        end_reading()
        instance = access.instance_to_read(actor, self.play.ref)
        return conversations.of_instance(actor, instance, **page)  # type: ignore[arg-type]  # keywords of one signature

    def all(self) -> list[Message]:
        end_reading()
        return list(access.read_as(SYSTEM).scalars(select(Message).order_by(Message.id)))


@pytest.fixture
def talking(play: Play, world: World) -> Talking:
    play.start()
    return Talking(play, world)
