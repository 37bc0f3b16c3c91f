"""Saved views through their verbs: allowed and refused, and no more of them than anybody reads."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from flows import access
from flows.actions import saving_views
from flows.models import SavedView
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import Invalid, OutOfStep, Refused
from flows.work import unit_of_work
from tests.world import World

pytestmark = [pytest.mark.requirement("X9"), pytest.mark.parametrize("database", ["sqlite"])]


def save(actor: Actor, name: str = "Late", query: str = "status=overdue", is_shared: bool = False) -> str:
    with unit_of_work(actor) as work:
        view = saving_views.save(work, "instances", name, query, is_shared)
        work.session.flush()
        return view.uid


def change(actor: Actor, uid: str, name: str = "Later", is_shared: bool = False) -> None:
    with unit_of_work(actor) as work:
        saving_views.change(work, access.saved_to_change(work, SavedView, uid), name, is_shared)


def remove(actor: Actor, uid: str) -> None:
    with unit_of_work(actor) as work:
        saving_views.remove(work, access.saved_to_change(work, SavedView, uid))


def names() -> list[str]:
    return list(access.read_as(SYSTEM).scalars(select(SavedView.name).order_by(SavedView.id)))


def test_owner_saves_changes_and_removes(world: World, database: str) -> None:
    uid = save(world.reader)
    change(world.reader, uid)
    assert names() == ["Later"]
    remove(world.reader, uid)
    assert names() == []


def test_others_are_refused(world: World, database: str) -> None:
    with pytest.raises(Refused):
        save(world.buyer)
    uid = save(world.agent, is_shared=True)
    for verb in (change, remove):
        with pytest.raises(Refused, match="a colleague's"):
            verb(world.reader, uid)
        with pytest.raises(Refused, match="No such thing"):
            verb(world.buyer, uid)
    remove(world.admin, uid)
    assert names() == []


def test_every_problem_is_said_at_once(world: World, database: str) -> None:
    with pytest.raises(Invalid) as refusal:
        save(world.reader, "", "x" * 1001, is_shared=True)
    assert set(refusal.value.by_field()) == {"name", "query", "is_shared"}
    uid = save(world.reader)
    with pytest.raises(Invalid, match="Use 80 characters"):
        change(world.reader, uid, "x" * 81)
    with pytest.raises(Invalid, match="does not let you share"):
        change(world.reader, uid, is_shared=True)


def test_nobody_keeps_more_than_they_read(world: World, monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    monkeypatch.setattr(saving_views, "MOST", 2)
    for name in ("a", "b"):
        save(world.agent, name)
    with pytest.raises(OutOfStep, match="Remove one"):
        save(world.agent, "c")
    save(world.agent, "b", "show=open")
    save(world.admin, "c")
    assert names() == ["a", "b", "c"]
