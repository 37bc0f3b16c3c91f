"""A newer version of its flow is named on every page of an instance, and led to for whoever may move it (X12, X13)."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from flows.access import read_as
from flows.models import FlowVersion, Instance
from flows.rules.actors import SYSTEM
from flows.work import end_reading, unit_of_work
from tests.admin.conftest import Happened
from tests.portal.browsing import Visitor
from tests.stages.desk import Desk, desk
from tests.world import World

__all__ = ["desk"]
pytestmark = [pytest.mark.requirement("X12", "X13"), pytest.mark.parametrize("database", ["sqlite"])]


def publish_another(flow: str) -> int:
    end_reading()
    newest = read_as(SYSTEM).scalar(select(func.max(FlowVersion.number)).where(FlowVersion.flow == flow)) or 0
    with unit_of_work(SYSTEM) as work:
        words = {"content_hash": "x" * 64, "plugin": "", "title": flow, "text": "", "published_at": work.now}
        work.session.add(FlowVersion(flow=flow, number=newest + 1, **words))
    return newest + 1


def link_to(instance: Instance, number: int) -> str:
    return f'<a href="/admin/flows/{instance.flow}/versions/{number}/plan?ref={instance.reference}">{number} is out</a>'


@pytest.mark.parametrize("kind", ["case", "task"])
def test_a_case_and_a_task_of_the_house(app: Flask, desk: Desk, kind: str, database: str) -> None:
    instance = desk.raise_case() if kind == "case" else desk.make_task()
    path = f"{instance.staff_page}"
    assert "is out" not in Visitor(app, desk.people["ada"]).get(path)
    number = publish_another(instance.flow)
    assert f"Version 1 · {link_to(instance, number)}" in Visitor(app, desk.people["ada"]).get(path)
    told = Visitor(app, desk.people["gus"]).get(path)
    assert "Version 1 · 2 is out" in told
    assert "/admin/flows/" not in told


def test_a_task_of_an_order(app: Flask, world: World, happened: Happened, database: str) -> None:
    instance = read_as(SYSTEM).scalars(select(Instance)).first()
    assert instance is not None
    path, admin = f"/admin/tasks/{happened.task}", Visitor(app, world.admin)
    assert "is out" not in admin.get(path)
    assert link_to(instance, publish_another(instance.flow)) in admin.get(path)
    assert "/versions/" not in Visitor(app, world.agent).get(path)
