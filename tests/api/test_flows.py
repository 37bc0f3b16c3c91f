"""The app's catalogue of requests: found, read, started, with every refusal where it lies in the body (C10, D5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from flows import catalogue
from flows.actions import switching
from flows.catalogue.loader import load_packages
from flows.rules.actors import Actor
from flows.work import unit_of_work
from tests.api.conftest import Phone, new_key
from tests.catalogue.shipped import ROOT
from tests.guided.conftest import SHIPPED
from tests.portal.test_requests import ASKS_WHERE
from tests.world import World

ANSWERS = {"what": "water", "where": "Bathroom", "details": "It drips", "water_off": True}


@pytest.fixture(autouse=True)
def repairs(app: Flask) -> Iterator[None]:
    before = catalogue.current()
    folders = [ROOT / "worker" / "demo" / "flows", ROOT / "tests" / "guided" / "flows"]
    catalogue.use(load_packages(SHIPPED, folders))
    yield
    catalogue.use(before)


@pytest.fixture
def tenant(signed_in: Callable[[Actor], Phone], world: World) -> Phone:
    return signed_in(world.tenant)


def slugs(phone: Phone, query: str = "") -> list[str]:
    answer = phone.get(f"/flows{query}")
    assert answer.status_code == 200
    return [flow["slug"] for flow in answer.json["data"]]


@pytest.mark.requirement("C24", "D5")
def test_what_i_may_start(tenant: Phone, signed_in: Callable[[Actor], Phone], world: World) -> None:
    assert slugs(tenant) == slugs(tenant, "?requestable=true") == ["move-in", "report-a-repair"]
    assert slugs(tenant, "?q=leak") == ["report-a-repair"]
    assert slugs(tenant, "?requestable=false") == []
    agent = signed_in(world.agent)
    assert "confirm-contact-details" in slugs(agent)
    assert slugs(agent, "?requestable=true") == []
    assert slugs(signed_in(world.reader)) == []
    with unit_of_work(world.admin) as work:
        switching.switch(work, "report-a-repair", "requestable", False)
    assert slugs(tenant) == ["move-in"]
    assert tenant.get("/flows/report-a-repair").status_code == 409


def test_what_it_takes(tenant: Phone, world: World) -> None:
    flow = tenant.get("/flows/report-a-repair").json
    assert (flow["title"], flow["kind"], flow["steps_for_you"], flow["reviewed"]) == (
        "Report a repair", "Your home", 2, True,
    )  # fmt: skip
    assert flow["done_by"] == "2026-11-14T23:59:59Z"
    assert [field["key"] for field in flow["fields"]] == list(ANSWERS)
    assert flow["fields"][3]["show_if"] == {"field": "what", "eq": "water"}
    assert flow["customers"] == [{"id": world.household, "name": "Priya Shah"}]
    assert flow["open_instances"] == []
    for slug in ("nothing", "confirm-contact-details"):
        assert tenant.get(f"/flows/{slug}").status_code == 404


@pytest.mark.requirement("C24", "C27", "D5")
def test_what_staff_have_to_say_before_they_begin(signed_in: Callable[[Actor], Phone], world: World) -> None:
    agent, reader = signed_in(world.agent), signed_in(world.reader)
    flow = agent.get("/flows/move-in").json
    assert (flow["start_at"], flow["requestable"], flow["customers"]) == ("/staff/instances", False, [])
    assert [field["key"] for field in flow["inputs"]] == ["rent"]
    assert [field["key"] for field in flow["fields"]] == ["wish"]
    assert agent.get("/flows/tenant-onboarding").json["amounts"][0].keys() == {"step", "title", "currency"}
    assert agent.get("/flows/nothing").status_code == 404
    assert reader.get("/flows/move-in").status_code == 403


@pytest.mark.requirement("B2", "B7", "D5")
def test_cases_and_tasks_that_may_be_begun(tenant: Phone, signed_in: Callable[[Actor], Phone], world: World) -> None:
    agent = signed_in(world.agent)
    for_staff = {one["slug"]: one["start_at"] for one in agent.get("/flows?by_hand=true").json["data"]}
    assert for_staff == {"department-request": "/tasks", "department-task": "/tasks"}
    [case] = tenant.get("/flows?by_hand=true").json["data"]
    assert (case["slug"], case["start_at"]) == ("department-request", "/cases")
    assert "subject" in [field["key"] for field in agent.get("/flows/department-request").json["fields"]]
    assert slugs(signed_in(world.reader), "?by_hand=true") == []


def test_what_is_chosen_from_elsewhere_brings_its_options(tenant: Phone, tmp_path: Path) -> None:
    (tmp_path / "ask-us.flow.yaml").write_text(ASKS_WHERE, encoding="utf-8")
    catalogue.use(load_packages(SHIPPED, [tmp_path]))
    about = tenant.get("/flows/ask-us").json["fields"][0]
    assert (about["lookup"], about["options"]) == ("baton.departments", [{"value": "dep_repairs", "label": "Repairs"}])
    body = {"flow": "ask-us", "answers": {"about": "dep_repairs"}}
    assert tenant.post("/instances", body, key=new_key()).status_code == 201


@pytest.mark.requirement("C1", "C10", "D5")
def test_a_request_is_started_once(tenant: Phone, world: World) -> None:
    key = new_key()
    answer = tenant.post("/instances", {"flow": "report-a-repair", "answers": ANSWERS}, key=key)
    assert answer.status_code == 201, answer.text
    assert (answer.json["reference"], answer.json["source"], answer.json["turn"]) == ("TI-2001", "customer", "with_us")
    assert answer.headers["Location"] == f"/api/v1/instances/{answer.json['id']}"
    again = tenant.post("/instances", {"flow": "report-a-repair", "answers": ANSWERS}, key=key)
    assert again.json == answer.json
    assert again.headers["Idempotent-Replayed"] == "true"
    read = tenant.get(f"/instances/{answer.json['id']}")
    assert {**read.json, "client_id": None} == answer.json
    assert read.headers["ETag"] == answer.headers["ETag"]
    assert [one["reference"] for one in tenant.get("/flows/report-a-repair").json["open_instances"]] == ["TI-2001"]


def test_what_is_wrong_lies_in_the_body(tenant: Phone, buyer: Phone, world: World) -> None:
    answers = {"what": "nothing", "where": "", "more": 1}
    refused = tenant.post("/instances", {"flow": "report-a-repair", "answers": answers}, key=new_key())
    assert refused.status_code == 422
    pointers = {one["pointer"] for one in refused.json["errors"]}
    assert pointers == {"#/answers/what", "#/answers/where", "#/answers/details", "#/answers/more"}
    nowhere = tenant.post("/instances", {"flow": "nothing"}, key=new_key())
    assert [one["pointer"] for one in nowhere.json["errors"]] == ["#/flow"]
    several = buyer.post("/instances", {"flow": "report-a-repair", "answers": ANSWERS}, key=new_key())
    assert [one["pointer"] for one in several.json["errors"]] == ["#/customer_id"]
    body = {"flow": "report-a-repair", "answers": ANSWERS, "customer_id": world.household}
    assert buyer.post("/instances", body, key=new_key()).status_code == 422
    body["customer_id"] = world.acme
    assert buyer.post("/instances", body, key=new_key()).json["customer"]["name"] == "Acme Ltd"


def test_who_may_not(tenant: Phone, signed_in: Callable[[Actor], Phone], anyone: Phone, world: World) -> None:
    body = {"flow": "report-a-repair", "answers": ANSWERS}
    assert signed_in(world.agent).post("/instances", body, key=new_key()).status_code == 403
    assert anyone.post("/instances", body, key=new_key()).status_code == 401
    assert tenant.post("/instances", body).json["code"] == "idempotency-key-missing"
    ways = tenant.post("/instances", {"flow": "confirm-contact-details"}, key=new_key())
    assert (ways.status_code, ways.json["code"]) == (409, "invalid-transition")
