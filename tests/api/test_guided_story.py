"""The whole life of a guided request through the API alone, for its customer and for staff."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from flows.rules.actors import Actor
from tests.api.conftest import Phone, new_key
from tests.api.guided import IDENTITY, Request, request_
from tests.guided.conftest import move_in
from tests.world import World

__all__ = ["move_in", "request_"]


@pytest.mark.requirement("C1", "C6", "C10", "C23", "C24", "C25", "C26", "C28")
def test_staff_begin_a_request(signed_in: Callable[[Actor], Phone], world: World) -> None:
    agent, tenant = signed_in(world.agent), signed_in(world.tenant)
    wish = {
        "flow": "move-in",
        "customer_id": "usr_priya",
        "assignee_id": "usr_gus",
        "inputs": {"rent": 100_000},
        "fields": {"wish": "A garden"},
        "due_at": "2026-12-01T17:00:00Z",
        "message": "Please begin with your passport",
    }
    key = new_key()
    begun = agent.post("/staff/instances", wish, key=key)
    assert begun.status_code == 201, begun.text
    made = begun.json
    assert begun.headers["Location"] == f"/api/v1/instances/{made['id']}"
    assert (made["source"], made["assignee"]["name"], made["due_at"]) == ("staff", "Gus Agent", "2026-12-01T17:00:00Z")
    assert made["links"]["web"] == f"http://localhost/admin/instances/{made['reference']}"
    assert made["allowed_actions"] == ["assign", "change_due", "remind", "add_step"]
    assert [one["key"] for one in made["outcomes"]] == ["complete", "close", "not_eligible", "not_affordable"]
    assert made["outcomes"][0]["message"] == "Welcome home, Priya."
    again = agent.post("/staff/instances", wish, key=key)
    assert (again.json, again.headers["Idempotent-Replayed"]) == (made, "true")
    [row] = tenant.get("/instances").json["data"]
    assert (row["customer_status"], row["status_label"], row["turn"], row["allowed_actions"]) == (
        "not_started", "Not begun", "todo", ["complete_task", "cancel"],
    )  # fmt: skip
    assert tenant.get(f"/instances/{made['id']}").json["outcomes"] == []


@pytest.mark.requirement("D5", "C33", "C34", "C35", "C36", "C20", "C42", "C43", "C45", "C12", "Q28")
def test_a_whole_life(request_: Request) -> None:
    life = request_
    sent = life.send("identity", IDENTITY)
    assert sent.status_code == 201, sent.text
    assert (sent.json["submission"]["state"], sent.json["step"]["state"]) == ("pending_approval", "pending_approval")
    assert (sent.json["instance"]["status"], sent.json["instance"]["customer_status"]) == (
        "awaiting_review", "being_reviewed",
    )  # fmt: skip
    assert sent.json["next"] == {"kind": "wait", "text": "We look at your answers, and tell you when we have"}

    returned = life.act(
        "/steps/identity/return",
        {"message": "The name is cut off", "remarks": {"legal_name": "All of it, please"}},
        etag=life.tag("/steps/identity"),
    )
    assert returned.status_code == 200, returned.text
    assert returned.json["step"]["state"] == "returned"
    assert returned.headers["ETag"] == life.tag("/steps/identity")
    step = life.seen_by(life.tenant, "/steps/identity")
    said = {"message": "The name is cut off", "by": "Gus Agent", "fields": {"legal_name": "All of it, please"}}
    assert {name: value for name, value in step["review"].items() if name != "at"} == said
    assert step["answers"] == IDENTITY
    assert step["due_at"] is not None
    whole = life.seen_by(life.tenant)
    assert (whole["customer_status"], whole["turn"], whole["overdue"]) == ("changes_needed", "todo", False)

    again = life.send("identity", {**IDENTITY, "legal_name": "Priya Kaur Shah"})
    assert (again.json["submission"]["attempt"], again.json["step"]["state"]) == (2, "pending_approval")
    approved = life.done("/steps/identity/approve", {"note": "Passport seen"})
    assert (approved["step"]["state"], approved["step"]["allowed_actions"]) == ("completed", ["reopen"])
    both = life.seen_by(life.tenant, "/steps/identity/submissions")["data"]
    assert [(one["attempt"], one["state"]) for one in both] == [(2, "accepted"), (1, "returned")]
    assert both[1]["reviews"] == [{"decision": "returned", "at": step["review"]["at"], **said}]
    assert both[0]["reviews"] == [], "notes are between staff"
    [seen_by_staff, _] = life.seen_by(life.agent, "/steps/identity/submissions")["data"]
    assert [one["message"] for one in seen_by_staff["reviews"]] == ["Passport seen"]
    assert seen_by_staff["submitted_by"]["name"] == "Priya Shah"

    life.send("household", {"income": 300_000, "has_pets": False})
    assert life.seen_by(life.tenant)["customer_status"] == "with_us"
    life.send("inspection", {"found": "All well"}, by=life.agent)
    last = life.send("keys", {"slot": "Monday"})
    assert last.json["instance"]["status"] == "in_progress", "it takes an outcome to end"
    assert "conclude" in life.seen_by(life.agent)["allowed_actions"]
    ended = life.done("/conclude", {"outcome": "complete", "message": "Welcome. Your keys are at the desk."})
    assert (ended["status"], ended["outcome_label"]) == ("completed", "Complete Request")
    over = life.seen_by(life.tenant)
    assert (over["outcome"], over["outcome_kind"], over["close_message"], over["customer_status"]) == (
        "complete", "positive", "Welcome. Your keys are at the desk.", "completed",
    )  # fmt: skip
    assert over["allowed_actions"] == ["rate", "ask_to_reopen"]
    rated = life.tenant.send("PUT", f"{life.url}/rating", {"score": 4, "comment": "Quick"})
    assert rated.status_code == 200, rated.text
    given = rated.json["rating"]
    assert (given["score"], given["scale"], given["comment"]) == (4, 5, "Quick")
    assert (given["rated_at"][:10], given["changeable_until"][:10]) == ("2026-11-02", "2026-11-09")
    kinds = [line["kind"] for line in life.seen_by(life.tenant, "/history?limit=100")["data"]]
    assert kinds[0] == "instance_started"
    assert {"step_returned", "step_approved", "instance_completed", "rated"} <= set(kinds)


@pytest.mark.requirement("C43")
def test_without_a_message_the_customer_reads_the_flows(request_: Request) -> None:
    request_.through()
    ended = request_.done("/conclude", {"outcome": "complete"})
    assert ended["close_message"] == "Welcome home, Priya."


@pytest.mark.requirement("C37", "C44")
def test_a_request_is_closed_from_a_step(request_: Request) -> None:
    request_.send("identity", IDENTITY)
    closed = request_.done("/steps/identity/close", {"reason": "False papers", "message": "We could not go ahead."})
    assert (closed["instance"]["status"], closed["instance"]["outcome"]) == ("completed", "close")
    over = request_.seen_by(request_.tenant)
    assert (over["customer_status"], over["outcome_kind"], over["close_message"]) == (
        "closed", "negative", "We could not go ahead.",
    )  # fmt: skip
    assert "False papers" not in request_.tenant.get(f"{request_.url}/history").text
    [attempt] = request_.seen_by(request_.tenant, "/steps/identity/submissions")["data"]
    assert attempt["reviews"] == []


@pytest.mark.requirement("C46")
def test_an_answer_can_end_it(request_: Request) -> None:
    request_.send("identity", {**IDENTITY, "right_to_rent": "n"})
    approved = request_.done("/steps/identity/approve", {})
    assert approved["instance"]["outcome"] == "not_eligible"
    assert request_.seen_by(request_.tenant)["close_message"] == "The law does not let us."


@pytest.mark.requirement("C38", "Q23")
def test_a_step_is_reopened_and_what_stands_on_it_is_checked(request_: Request) -> None:
    request_.through()
    before = request_.seen_by(request_.agent, "/steps/inspection")
    reopened = request_.done("/steps/household/reopen", {"reason": "You moved in together"})
    assert reopened["step"]["state"] == "reopened"
    step = request_.seen_by(request_.tenant, "/steps/household")
    assert (step["state"], step["review"]["message"]) == ("reopened", "You moved in together")
    assert request_.seen_by(request_.tenant)["customer_status"] == "changes_needed"
    inspection = request_.seen_by(request_.agent, "/steps/inspection")
    assert (before["check_again"], inspection["check_again"]) == (False, True)
    assert "confirm" in inspection["allowed_actions"]
    confirmed = request_.done("/steps/inspection/confirm")
    assert (confirmed["step"]["check_again"], confirmed["step"]["state"]) == (False, "completed")


@pytest.mark.requirement("C39", "C40", "Q25")
def test_a_step_and_a_question_more(request_: Request) -> None:
    added = request_.act(
        "/steps",
        {
            "after": "identity",
            "title": "Proof of income",
            "actor": "customer",
            "approval": True,
            "questions": [{"label": "Where do you work?", "type": "text", "required": True}],
        },
        etag=request_.tag(""),
    )
    assert added.status_code == 201, added.text
    name = added.json["step"]["key"]
    assert added.headers["Location"].endswith(f"/steps/{name}")
    keys = [step["key"] for step in request_.seen_by(request_.tenant, "/steps")["data"]]
    assert keys[:3] == ["identity", name, "household"]
    question = {"label": "Your shift", "type": "choice", "required": True, "options": ["Day", "Night"]}
    more = request_.done(f"/steps/{name}/fields", question, status=201)
    step = request_.seen_by(request_.tenant, f"/steps/{name}")
    assert [field["label"] for field in step["fields"]] == ["Where do you work?", "Your shift"]
    [day, _] = [option["value"] for option in step["fields"][1]["options"]]
    sent = request_.send(name, {"where_do_you_work": "At the mill", more["key"]: day})
    assert sent.json["step"]["state"] == "pending_approval"
    late = request_.done(f"/steps/{name}/fields", {"label": "Since when?", "type": "date"}, status=201)
    assert late["step"]["state"] == "returned", "what was sent goes back, with every answer"
    assert request_.seen_by(request_.tenant, f"/steps/{name}")["review"]["fields"] == {late["key"]: "New question"}


@pytest.mark.requirement("C29", "C30", "C31", "C32")
def test_who_works_on_it(request_: Request) -> None:
    given = request_.done("/assign", {"assignee_id": "usr_ada", "note": "You know the house"})
    assert given["assignee"] == {"id": "usr_ada", "name": "Ada Admin"}
    taken = request_.done("/take", by=request_.agent)
    assert taken["assignee"]["id"] == "usr_gus"
    assert request_.seen_by(request_.tenant)["assignee"] is None, "whose work it is inside the house is for staff"
    assert request_.done("/assign", {"assignee_id": None})["assignee"] is None
    texts = [line["text"] for line in request_.seen_by(request_.agent, "/history")["data"]]
    assert "Assigned to Ada Admin. You know the house" in texts
    assert "You know the house" not in request_.tenant.get(f"{request_.url}/history").text


@pytest.mark.requirement("C9", "C22", "Q20")
def test_due_dates_and_overdue(request_: Request, move_clock: Callable[..., datetime]) -> None:
    moved = request_.agent.send(
        "PATCH",
        request_.url,
        {"due_at": "2026-11-05T12:00:00Z", "reason": "The van comes earlier"},
        {"If-Match": request_.tag("")},
    )
    assert (moved.status_code, moved.json["due_at"]) == (200, "2026-11-05T12:00:00Z")
    assert request_.agent.get("/instances?status=overdue").json["data"] == []
    before = request_.tag("", request_.tenant)
    move_clock(days=4)
    shown = request_.tenant.get(request_.url, If_None_Match=before)
    assert (shown.status_code, shown.json["overdue"], shown.json["customer_status"]) == (200, True, "not_started")
    [row] = request_.agent.get("/instances?status=overdue").json["data"]
    assert row["id"] == request_.id
    gone = request_.agent.send("PATCH", request_.url, {"due_at": None})
    assert (gone.json["due_at"], gone.json["overdue"]) == (None, False)


@pytest.mark.requirement("D5", "Q1")
def test_a_reminder_goes_out_now(request_: Request) -> None:
    sent = request_.done("/remind")
    assert "remind" in sent["allowed_actions"]
    assert "timer_fired" in [line["kind"] for line in request_.seen_by(request_.agent, "/history?limit=100")["data"]]
    assert request_.act("/remind", by=request_.tenant).status_code == 403
    request_.done("/cancel", {"reason": "A double"}, by=request_.admin)
    late = request_.act("/remind")
    assert (late.status_code, late.json["code"]) == (409, "instance-closed")


@pytest.mark.requirement("C21", "Q29", "Q7")
def test_a_customer_cancels_and_staff_take_it_up_again(request_: Request) -> None:
    cancelled = request_.done("/cancel", {"reason": "We stay where we are"}, by=request_.tenant)
    assert (cancelled["status"], cancelled["customer_status"], cancelled["turn"]) == ("cancelled", "cancelled", "done")
    assert request_.seen_by(request_.admin)["allowed_actions"] == ["revive"]
    alive = request_.done("/revive", {"reason": "They changed their minds"}, by=request_.admin)
    assert (alive["status"], alive["allowed_actions"][:2]) == ("not_started", ["take", "assign"])
    ended = request_.done("/cancel", {"reason": "A double"}, by=request_.admin)
    assert ended["status"] == "cancelled"


@pytest.mark.requirement("A24")
def test_staff_answer_for_the_customer(request_: Request) -> None:
    sent = request_.send("identity", IDENTITY, by=request_.agent, on_behalf=True)
    assert sent.status_code == 201, sent.text
    assert sent.json["next"] == {"kind": "step", "text": "It is our turn"}
    [attempt] = request_.seen_by(request_.tenant, "/steps/identity/submissions")["data"]
    assert attempt["submitted_by"]["name"] == "Gus Agent"


def ids(phone: Phone, query: str) -> list[str]:
    answer = phone.get(f"/instances?{query}")
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json["data"]]


@pytest.mark.requirement("C14", "C15", "C16", "C10")
def test_the_list_of_staff_is_narrowed(request_: Request) -> None:
    first = request_.id
    request_.begin(assignee_id="usr_ada", due_at="2026-11-20T12:00:00Z")
    second = request_.id
    request_.send("identity", IDENTITY)
    agent = request_.agent
    narrowed: dict[str, list[str]] = {
        "agent=usr_ada": [second],
        "agent=none": [first],
        "agent=me": [],
        "agent=usr_nobody": [],
        "status=not_started": [first],
        "status=being_reviewed": [second],
        "status=not_started,being_reviewed": [second, first],
        "status=pending": [first, second],
        "status=with_us,completed,closed,cancelled,expired,changes_needed,in_progress": [],
        "flow=move-in": [second, first],
        "flow=coro-order-fulfilment": [],
        "source=staff": [second, first],
        "source=customer,onboarding,event": [],
        "due_from=2026-11-18T00:00:00Z": [second],
        "due_before=2026-11-18T00:00:00Z": [first],
        "updated_since=2026-11-02T09:00:00Z": [second, first],
        "updated_since=2026-11-02T11:00:00Z": [],
        "q=priya@example": [second, first],
        "q=mill+lane": [second, first],
        "q=nobody": [],
        "turn=todo": [first],
        "turn=with_us": [second],
    }
    found = {query: ids(agent, query) for query in narrowed}
    assert {query: sorted(row) for query, row in found.items()} == {q: sorted(rows) for q, rows in narrowed.items()}
    assert found["flow=move-in"] == [second, first], "the newest first"
    assert found["status=pending"] == [first, second], "what is still to do by its end"


@pytest.mark.requirement("C7", "C17", "C18", "C19")
def test_each_word_for_customers_has_its_filter(request_: Request) -> None:
    def where() -> tuple[str, list[str]]:
        word = request_.seen_by(request_.tenant)["customer_status"]
        others = [
            other
            for other in ("not_started", "in_progress", "changes_needed", "with_us", "being_reviewed", "completed",
                          "closed", "cancelled", "expired")
            if request_.id in ids(request_.tenant, f"status={other}")
        ]  # fmt: skip
        return word, others

    seen: list[Any] = [where()]
    request_.send("household", {"income": 300_000, "has_pets": False})
    seen.append(where())
    request_.send("identity", IDENTITY)
    seen.append(where())
    request_.done("/steps/identity/return", {"message": "Again, please"})
    seen.append(where())
    request_.send("identity", IDENTITY)
    request_.done("/steps/identity/approve", {})
    seen.append(where())
    request_.done("/cancel", {"reason": "No"}, by=request_.admin)
    seen.append(where())
    words = ["not_started", "in_progress", "being_reviewed", "changes_needed", "with_us", "cancelled"]
    assert seen == [(word, [word]) for word in words]


def test_statement_budgets_of_guided_requests(request_: Request, count_statements: Callable[[], list[str]]) -> None:
    def cost(phone: Phone, path: str) -> int:
        made = count_statements()
        answer = phone.get(path)
        assert answer.status_code == 200, answer.text
        return len(made)

    def all_costs() -> dict[str, int]:
        return {
            f"{name} {path}": cost(phone, path.format(request_.url))
            for name, phone in (("tenant", request_.tenant), ("agent", request_.agent))
            for path in ("/instances?limit=100", "/instances?status=changes_needed,in_progress&q=shah", "{}",
                         "{}?include=steps", "{}/steps", "{}/steps/identity", "{}/steps/identity/submissions",
                         "{}/history")
        }  # fmt: skip

    request_.send("identity", IDENTITY)
    request_.done("/steps/identity/return", {"message": "Again, please"})
    few = all_costs()
    for _ in range(20):
        request_.begin(assignee_id="usr_ada")
        request_.send("identity", IDENTITY)
        request_.done("/steps/identity/return", {"message": "Again, please"})
    many = all_costs()
    assert few == many
    assert {path: n for path, n in many.items() if n > (5 if "/instances?" in path else 6)} == {}
