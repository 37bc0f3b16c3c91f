"""What lists and single things bring besides: totals, another order, the conversation, the app's own names (D5)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flows.queries import pages
from flows.rules.actors import Actor
from tests.api.conftest import Phone, new_key, order_coro, task_of
from tests.api.guided import Request, request_
from tests.guided.conftest import move_in
from tests.world import World

__all__ = ["move_in", "request_"]


@pytest.mark.requirement("D5")
def test_a_total_is_there_for_whoever_asks(
    buyer: Phone, signed_in: Callable[[Actor], Phone], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        order_coro(buyer, world)
    agent = signed_in(world.agent)
    lists = [(buyer, path) for path in ("/orders", "/instances", "/cases", "/notifications")]
    for phone, path in (*lists, *((agent, path) for path in ("/payments", "/tasks?box=pending", "/tasks?box=related"))):
        mark = "&" if "?" in path else "?"
        asked = phone.get(f"{path}{mark}count=true&limit=1").json
        everything = len(phone.get(f"{path}{mark}limit=100").json["data"])
        assert asked["total"] == str(everything), path
        assert phone.get(path).json["total"] is None
    monkeypatch.setattr(pages, "MOST_COUNTED", 2)
    first = buyer.get("/orders?count=true&limit=2")
    assert first.json["total"] == "2+"
    assert buyer.get(f"/orders?count=true&limit=2&cursor={first.json['next_cursor']}").json["total"] == "2+"
    assert buyer.get(f"/orders?limit=2&cursor={first.json['next_cursor']}").json["code"] == "cursor-mismatch"


@pytest.mark.requirement("D5")
def test_instances_in_another_order(buyer: Phone, world: World, move_clock: Callable[..., object]) -> None:
    made = []
    for _ in range(3):
        made.append(task_of(order_coro(buyer, world)))
        move_clock(hours=1)

    def ids(query: str) -> list[str]:
        return [row["id"] for row in buyer.get(f"/instances?{query}").json["data"]]

    assert ids("sort=newest") == ids("") == ids("turn=todo&sort=newest") == made[::-1]
    assert ids("sort=due") == ids("turn=todo") == made
    first = buyer.get("/instances?sort=due&limit=2").json
    assert ids(f"sort=due&limit=2&cursor={first['next_cursor']}") == made[2:]
    assert buyer.get("/instances?sort=title").json["errors"][0]["pointer"] == "?sort"


@pytest.mark.requirement("D5", "C47")
def test_a_request_with_its_steps_and_its_conversation(
    request_: Request, count_statements: Callable[[], list[str]]
) -> None:
    life = request_
    assert life.seen_by(life.tenant)["messages"] is None
    before = life.tenant.get(f"{life.url}?include=steps,messages")
    assert before.json["messages"]["data"] == []
    said = life.agent.post(f"{life.url}/messages", {"body": "Please begin"}, key=new_key())
    assert said.status_code == 201
    made = count_statements()
    whole = life.tenant.get(f"{life.url}?include=steps,messages")
    assert len(made) <= 6, "\n".join(made)
    assert whole.json["steps"][0]["key"] == "identity"
    assert [one["body"] for one in whole.json["messages"]["data"]] == ["Please begin"]
    assert whole.json["messages"] == life.seen_by(life.tenant, "/messages")
    assert whole.headers["ETag"] != before.headers["ETag"]
    life.tenant.send("PUT", f"{life.url}/read_marker", {"message_id": said.json["id"]})
    read = life.tenant.get(f"{life.url}?include=messages,steps")
    assert (read.json["messages"]["unread"], read.headers["ETag"] != whole.headers["ETag"]) == (0, True)
    assert life.tenant.get(f"{life.url}?include=notes").json["errors"][0]["pointer"] == "?include"


@pytest.mark.requirement("D5")
def test_the_apps_own_names_are_said_back(signed_in: Callable[[Actor], Phone], world: World) -> None:
    tenant = signed_in(world.tenant)
    [flow] = [one["slug"] for one in tenant.get("/flows").json["data"]][:1]
    fields = {one["key"]: one for one in tenant.get(f"/flows/{flow}").json["fields"]}
    body = {"flow": flow, "answers": dict.fromkeys(fields, "A garden"), "client_id": "local-7"}
    key = new_key()
    begun = tenant.post("/instances", body, key=key)
    assert (begun.status_code, begun.json["client_id"]) == (201, "local-7")
    assert tenant.post("/instances", body, key=key).json == begun.json
    read = tenant.get(f"/instances/{begun.json['id']}").json
    assert {**read, "client_id": "local-7"} == begun.json
