"""Every statement of a customer is narrowed to the organisations that they act for, whichever class it asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, aliased

from flows import sessions
from flows.access import read_as
from flows.models import Base, Instance, Owned
from flows.rules.actors import Actor
from flows.work import end_reading
from tests.world import World

OWNED = [mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, Owned)]
THEIRS = "organisation_id IN (SELECT memberships.organisation_id"
ASKED: dict[str, Callable[[Any], Any]] = {
    "rows": select,
    "columns": lambda one: select(one.id),
    "another name": lambda one: select(aliased(one)),
    "an update": lambda one: update(one).values(organisation_id=one.organisation_id),
}


@contextmanager
def heard() -> Iterator[list[tuple[str, list[Any]]]]:
    """Statements with what they are asked with."""
    said: list[tuple[str, list[Any]]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, given: Any, *_more: Any) -> None:
        said.append((statement, [*(given.values() if isinstance(given, dict) else given)]))

    event.listen(Engine, "before_cursor_execute", hear)
    yield said
    event.remove(Engine, "before_cursor_execute", hear)


def one_of(session: Session, statement: Any) -> tuple[str, list[Any]]:
    with heard() as said:
        session.execute(statement)
    [found] = [one for one in said if "FROM" in one[0] or "UPDATE" in one[0]]
    return found


@pytest.mark.requirement("X28")
@pytest.mark.parametrize("asked", ASKED)
def test_each_customer_is_kept_to_their_own(app: Flask, world: World, asked: str) -> None:
    """Several one after another: a statement that was compiled for the first asks with the ids of the next."""
    for actor in (world.buyer, world.tenant, world.stranger):
        for one in OWNED:
            statement, given = one_of(read_as(actor), ASKED[asked](one))
            assert THEIRS in statement
            assert actor.user_id in given
            assert (one is Instance) == ("is_internal IS" in statement.partition("WHERE")[2])
    end_reading()


@pytest.mark.requirement("X28")
@pytest.mark.parametrize("asked", ASKED)
def test_a_session_that_nobody_has_spoken_for_sees_nothing_that_is_owned(app: Flask, world: World, asked: str) -> None:
    end_reading()
    sessions.session().info.pop("actor", None)
    for one in OWNED:
        statement, _given = one_of(sessions.session(), ASKED[asked](one))
        assert "0 = 1" in statement or "false" in statement.lower()
    end_reading()


@pytest.mark.requirement("X28")
def test_staff_see_every_customer(app: Flask, world: World) -> None:
    actor: Actor = world.agent
    statement, _given = one_of(read_as(actor), select(Instance))
    assert "memberships" not in statement
    end_reading()
