"""Every "no" to what customers and staff ask of a guided request: its status, its slug, its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from flows import access
from flows.actions import standing_in
from flows.models import Review, User
from flows.rules.actors import SYSTEM, Actor
from flows.work import unit_of_work
from tests.api.conftest import Phone, new_key
from tests.api.guided import IDENTITY, Request, request_
from tests.guided.conftest import move_in
from tests.world import World

__all__ = ["move_in", "request_"]

MISSING = "ti_00000000000000000000"
STAFF_VERBS: dict[str, Any] = {
    "/assign": {"assignee_id": None},
    "/take": None,
    "/conclude": {"outcome": "complete"},
    "/revive": {"reason": "Again"},
    "/extend": {"expires_at": "2026-12-01T00:00:00Z", "reason": "More time"},
    "/remind": None,
    "/steps": {"after": "identity", "title": "More", "actor": "customer"},
    "/steps/identity/approve": {},
    "/steps/identity/return": {"message": "Again"},
    "/steps/identity/close": {"reason": "No", "message": "No"},
    "/steps/identity/reopen": {},
    "/steps/identity/confirm": None,
    "/steps/identity/fields": {"label": "More?", "type": "text"},
    "/steps/identity/fields/legal_name/reveal": None,
}


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def places(answer: Any) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in answer.json["errors"]]


def nameless(answer: Any) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers without what differs for every request."""
    names = {"X-Request-Id", "RateLimit", "Date"}
    body = re.sub(rb"urn:request:[0-9a-f]+", b"", answer.data)
    return answer.status_code, body, {name: value for name, value in answer.headers.items() if name not in names}


@pytest.mark.requirement("D5")
def test_foreign_and_missing_are_the_same_to_the_byte(
    request_: Request, signed_in: Callable[[Actor], Phone], world: World
) -> None:
    stranger, writes = signed_in(world.stranger), {"/cancel": {"reason": "x"}, **STAFF_VERBS}
    for path, body in writes.items():
        both = [
            stranger.post(f"/instances/{uid}{path}", body, key=new_key(), etag='"ti-1-en"')
            for uid in (request_.id, MISSING)
        ]
        assert nameless(both[0]) == nameless(both[1]), path
        assert both[0].status_code == (404 if path == "/cancel" else 403)
    for path in ("", "?include=steps", "/steps", "/steps/identity", "/steps/identity/submissions", "/history"):
        foreign, missing = stranger.get(f"/instances/{request_.id}{path}"), stranger.get(f"/instances/{MISSING}{path}")
        assert nameless(foreign) == nameless(missing), path
        assert foreign.status_code == 404
    for method, path, body in (("PUT", "/rating", {"score": 5}), ("PATCH", "", {"due_at": None})):
        both = [stranger.send(method, f"/instances/{uid}{path}", body) for uid in (request_.id, MISSING)]
        assert nameless(both[0]) == nameless(both[1])


@pytest.mark.parametrize("database", ["sqlite"])
def test_verbs_of_staff_are_not_for_customers_and_not_without_the_permission(
    request_: Request, signed_in: Callable[[Actor], Phone], world: World, anyone: Phone
) -> None:
    reader = signed_in(world.reader)
    request_.send("identity", IDENTITY)
    before = request_.seen_by(request_.agent, "?include=steps")
    verbs = {f"/instances/{request_.id}{path}": body for path, body in STAFF_VERBS.items()}
    verbs["/staff/instances"] = {"flow": "move-in", "customer_id": "usr_priya", "inputs": {"rent": 1}}
    for path, body in verbs.items():
        for phone in (request_.tenant, reader):
            assert refused(phone.post(path, body, key=new_key())) == (403, "forbidden"), path
        assert refused(anyone.post(path, body, key=new_key())) == (401, "unauthenticated")
        if not path.endswith("/reveal"):
            assert refused(request_.agent.post(path, body)) == (400, "idempotency-key-missing")
    for phone in (request_.tenant, reader):
        assert refused(phone.send("PATCH", request_.url, {"due_at": None})) == (403, "forbidden")
    assert refused(reader.post(f"{request_.url}/cancel", {"reason": "x"}, key=new_key())) == (403, "forbidden")
    assert refused(request_.agent.send("PUT", f"{request_.url}/rating", {"score": 5})) == (403, "forbidden")
    assert request_.seen_by(request_.agent, "?include=steps") == before


@pytest.mark.requirement("C34", "X7")
def test_reviews_are_refused_with_a_reason(request_: Request) -> None:
    url = "/steps/identity"
    early = request_.act(f"{url}/approve", {})
    assert refused(early) == (409, "invalid-transition")
    stale = request_.tag(url)
    request_.send("identity", IDENTITY)
    current = request_.tag(url)
    for path, body in (
        ("/approve", {}),
        ("/return", {"message": "Again"}),
        ("/close", {"reason": "No", "message": "No"}),
        ("/fields", {"label": "More?", "type": "text"}),
        ("/reopen", {}),
        ("/confirm", None),
    ):
        late = request_.act(f"{url}{path}", body, etag=stale)
        assert refused(late) == (412, "stale-version"), path
        assert late.json["current_etag"] == current
    empty = request_.act(f"{url}/return", {"message": " ", "remarks": {"shoe_size": "?"}})
    assert refused(empty) == (422, "validation")
    assert places(empty) == [("#/message", "required"), ("#/remarks/shoe_size", "unknown")]
    assert places(request_.act(f"{url}/close", {"reason": "", "message": "x"})) == [("#/reason", "required")]
    positive = {"reason": "No", "message": "No", "outcome": "complete"}
    assert places(request_.act(f"{url}/close", positive)) == [("#/outcome", "choice")]
    assert refused(request_.act(f"{url}/reopen", {})) == (409, "invalid-transition")
    assert refused(request_.act(f"{url}/confirm")) == (409, "invalid-transition")
    assert refused(request_.act("/steps/nothing/approve", {})) == (404, "not-found")
    assert request_.act(f"{url}/approve", {}, etag=current).status_code == 200


@pytest.mark.requirement("X7", "Q18")
def test_nobody_approves_what_they_sent(request_: Request) -> None:
    request_.send("identity", IDENTITY, by=request_.agent, on_behalf=True)
    answer = request_.act("/steps/identity/approve", {})
    assert refused(answer) == (403, "forbidden")
    assert "yourself" in answer.json["detail"]
    assert "approve" not in request_.seen_by(request_.agent, "/steps/identity")["allowed_actions"]
    assert request_.act("/steps/identity/approve", {}, by=request_.admin).status_code == 200


def test_a_review_by_others_than_the_flow_names(request_: Request) -> None:
    request_.send("household", {"income": 300_000, "has_pets": True})
    request_.send("pets", {"pet_name": "Rex"})
    assert refused(request_.act("/steps/pets/approve", {})) == (403, "forbidden")


@pytest.mark.requirement("X6", "X7")
def test_who_stands_in_may_decide_and_it_is_recorded(request_: Request, world: World) -> None:
    request_.send("household", {"income": 300_000, "has_pets": True})
    request_.send("pets", {"pet_name": "Rex"})
    assert "approve" not in request_.seen_by(request_.agent, "/steps/pets")["allowed_actions"]
    with unit_of_work(world.admin) as work:
        ada, gus = (work.session.get_one(User, one.user_id) for one in (world.admin, world.agent))
        standing_in.delegate(work, ada, gus, date(2026, 11, 2), date(2026, 11, 3))
    allowed = request_.seen_by(request_.agent, "/steps/pets")["allowed_actions"]
    assert {"approve", "return", "close_request"} <= set(allowed)
    assert request_.done("/steps/pets/approve", {})["step"]["state"] == "completed"
    [review] = access.read_as(SYSTEM).scalars(select(Review))
    assert (review.reviewer_name, review.instead_of) == ("Gus Agent", "Ada Admin")


@pytest.mark.requirement("Q17")
def test_whoever_approved_once_leaves_the_rest_to_others(request_: Request, world: World) -> None:
    name = request_.done(
        "/steps",
        {"after": "identity", "title": "Papers", "actor": "customer", "approval": True,
         "questions": [{"label": "Paper", "type": "text"}]},
        status=201,
    )["step"]["key"]  # fmt: skip
    with unit_of_work(world.agent) as work:
        instance = access.instance_to_change(work, request_.id)
        [added] = instance.overlay["steps"]
        by_two = {**added, "step": {**added["step"], "approval": {"need": 2}}}
        instance.overlay = {**instance.overlay, "steps": [by_two]}
    url = f"/steps/{name}"
    request_.send(name, {"paper": "Here"})
    half = request_.done(f"{url}/approve", {})
    assert (half["step"]["state"], "approve" in half["step"]["allowed_actions"]) == ("pending_approval", False)
    for verb, body in (("approve", {}), ("return", {"message": "Again"}), ("close", {"reason": "No"})):
        assert refused(request_.act(f"{url}/{verb}", body)) == (403, "forbidden"), verb
    assert "approve" in request_.seen_by(request_.admin, url)["allowed_actions"]
    assert request_.done(f"{url}/approve", {}, by=request_.admin)["step"]["state"] == "completed"


@pytest.mark.requirement("C36")
def test_it_is_returned_as_often_as_the_flow_allows(request_: Request) -> None:
    for _ in range(2):
        request_.send("identity", IDENTITY)
        request_.done("/steps/identity/return", {"message": "Again"})
    request_.send("identity", IDENTITY)
    assert refused(request_.act("/steps/identity/return", {"message": "Again"})) == (409, "invalid-transition")


@pytest.mark.requirement("C42")
def test_an_outcome_waits_for_every_step(request_: Request) -> None:
    early = request_.act("/conclude", {"outcome": "complete"})
    assert refused(early) == (409, "open-steps")
    assert "“Who you are”" in early.json["detail"]
    stale = request_.tag("")
    request_.through()
    assert refused(request_.act("/conclude", {"outcome": "complete"}, etag=stale)) == (412, "stale-version")
    assert places(request_.act("/conclude", {"outcome": "perfect"})) == [("#/outcome", "choice")]
    long = request_.act("/conclude", {"outcome": "complete", "message": "x" * 4001})
    assert places(long) == [("#/message", "too-long")]
    request_.done("/conclude", {"outcome": "complete"})
    for path, body in (
        ("/conclude", {"outcome": "close"}),
        ("/cancel", {"reason": "x"}),
        ("/take", None),
        ("/assign", {"assignee_id": "usr_ada"}),
        ("/steps", {"after": "keys", "title": "More", "actor": "staff"}),
        ("/steps/keys/fields", {"label": "More?", "type": "text"}),
    ):
        assert refused(request_.act(path, body, by=request_.admin)) == (409, "instance-closed"), path
    assert refused(request_.act("/steps/keys/reopen", {})) == (403, "forbidden"), "a finished one needs `cancel`"
    assert refused(request_.act("/revive", {"reason": "x"}, by=request_.admin)) == (409, "instance-closed")


@pytest.mark.requirement("C39", "C40")
def test_additions_that_cannot_be(request_: Request) -> None:
    request_.send("household", {"income": 300_000, "has_pets": False})
    completed = request_.act("/steps/household/fields", {"label": "More?", "type": "text"})
    assert refused(completed) == (409, "invalid-transition")
    wrong = request_.act("/steps/identity/fields", {"label": "", "type": "telepathy"})
    assert places(wrong) == [("#/label", "required"), ("#/type", "choice")]
    one = {"label": "Which?", "type": "choice", "options": ["One"]}
    assert places(request_.act("/steps/identity/fields", one)) == [("#/options", "required")]
    unknown = request_.act("/steps/identity/fields", {"label": "x", "type": "text", "colour": "red"})
    assert places(unknown) == [("#/colour", "unknown")]
    step = {"after": "nowhere", "title": "${{ 1 }}", "actor": "customer", "questions": [{"label": "", "type": "text"}]}
    assert places(request_.act("/steps", step)) == [
        ("#/title", "hole"),
        ("#/after", "choice"),
        ("#/questions/0/label", "required"),
    ]
    nobody = request_.act("/steps", {"after": "identity", "title": "x", "actor": "system"})
    assert [pointer for pointer, _ in places(nobody)] == ["#/actor"]


@pytest.mark.requirement("C24", "C25", "C26", "C27")
def test_what_a_new_request_needs(request_: Request) -> None:
    wrong = request_.begin(customer_id="usr_nobody", assignee_id="usr_bea", inputs={"rent": "much", "colour": 1})
    assert refused(wrong) == (422, "validation")
    assert places(wrong) == [
        ("#/inputs/colour", "unknown"),
        ("#/inputs/rent", "money"),
        ("#/customer_id", "required"),
        ("#/assignee_id", "choice"),
    ]
    past = request_.begin(due_at="2026-01-01T00:00:00Z", amounts={"deposit": {"amount": 1, "currency": "GBP"}})
    assert places(past) == [("#/amounts/deposit", "unknown"), ("#/due_at", "past")]
    assert places(request_.begin(flow="nothing")) == [("#/flow", "choice")]
    assert refused(request_.begin(flow="coro-order-fulfilment")) == (409, "invalid-transition")


@pytest.mark.requirement("C27")
def test_amounts_are_in_the_currency_of_the_flow(request_: Request) -> None:
    def begin(**amounts: Any) -> Any:
        return request_.begin(flow="tenant-onboarding", amounts=amounts)

    assert places(begin(deposit={"amount": 5_000, "currency": "EUR"})) == [("#/amounts/deposit/currency", "currency")]
    assert places(begin(deposit={"amount": -1, "currency": "GBP"})) == [("#/amounts/deposit", "amount")]
    assert places(begin()) == [("#/amounts/deposit", "required")]
    begun = begin(deposit={"amount": 120_000, "currency": "GBP"})
    assert begun.status_code == 201, begun.text
    deposit = {"step": "deposit", "title": "Pay your deposit", "amount": {"amount": 120_000, "currency": "GBP"}}
    assert request_.seen_by(request_.tenant)["amounts"] == [deposit]


@pytest.mark.requirement("C30")
def test_assigning_to_whom_it_cannot_be(request_: Request) -> None:
    for nobody in ("usr_nobody", "usr_priya"):
        assert places(request_.act("/assign", {"assignee_id": nobody})) == [("#/assignee_id", "choice")]
    assert places(request_.act("/assign", {})) == [("#/assignee_id", "required")]
    request_.done("/take")
    assert refused(request_.act("/take")) == (409, "invalid-transition")
    stale = request_.tag("")
    request_.done("/assign", {"assignee_id": "usr_ada"})
    assert refused(request_.act("/assign", {"assignee_id": None}, etag=stale)) == (412, "stale-version")
    long = request_.act("/assign", {"assignee_id": None, "note": "x" * 1001})
    assert places(long) == [("#/note", "too-long")]


@pytest.mark.requirement("Q28")
def test_ratings_that_are_not_taken(request_: Request, move_clock: Callable[..., datetime]) -> None:
    def rate(score: Any, comment: str = "") -> Any:
        return request_.tenant.send("PUT", f"{request_.url}/rating", {"score": score, "comment": comment})

    assert refused(rate(5)) == (409, "instance-closed")
    request_.through()
    request_.done("/conclude", {"outcome": "complete"})
    assert places(rate(6, "x" * 1201)) == [("#/score", "choice"), ("#/comment", "too-long")]
    assert places(rate("5"))[0][0] == "#/score"
    assert rate(2).status_code == rate(5).status_code == 200, "it may be changed"
    move_clock(days=8)
    assert refused(rate(1)) == (409, "invalid-transition")
    assert request_.seen_by(request_.tenant)["rating"]["score"] == 5


@pytest.mark.requirement("Q29")
def test_a_customer_cancels_only_until_we_have_begun(request_: Request) -> None:
    assert places(request_.act("/cancel", {}, by=request_.tenant)) == [("#/reason", "required")]
    stale = request_.tag("", request_.tenant)
    request_.send("identity", IDENTITY)
    late = request_.act("/cancel", {"reason": "x"}, by=request_.tenant, etag=stale)
    assert refused(late) == (412, "stale-version")
    request_.done("/steps/identity/approve", {})
    request_.send("household", {"income": 300_000, "has_pets": False})
    request_.send("inspection", {"found": "All well"}, by=request_.agent)
    assert refused(request_.act("/cancel", {"reason": "x"}, by=request_.tenant)) == (409, "invalid-transition")


def test_on_behalf_is_for_staff_alone(request_: Request) -> None:
    assert refused(request_.send("identity", IDENTITY, on_behalf=True)) == (403, "forbidden")
    assert refused(request_.send("identity", IDENTITY, by=request_.agent)) == (403, "forbidden")
    wrong = request_.send("identity", {"legal_name": ""}, by=request_.agent, on_behalf=True)
    assert places(wrong) == [("#/answers/legal_name", "required"), ("#/answers/right_to_rent", "required")]


def test_due_dates_that_are_not_taken(request_: Request) -> None:
    past = request_.agent.send("PATCH", request_.url, {"due_at": "2026-01-01T00:00:00Z"})
    assert places(past) == [("#/due_at", "past")]
    stale = {"If-Match": '"ti-1-en"'}
    request_.done("/take")
    assert refused(request_.agent.send("PATCH", request_.url, {"due_at": None}, stale)) == (412, "stale-version")
    never = request_.act("/extend", {"expires_at": "2026-12-24T00:00:00Z", "reason": "More time"})
    assert places(never) == [("#/expires_at", "no_expiry")]


@pytest.mark.parametrize("database", ["sqlite"])
def test_filters_are_strict(request_: Request) -> None:
    for query, pointer in (
        ("status=perfect", "?status"),
        ("source=moon", "?source"),
        ("due_before=soon", "?due_before"),
        ("due_from=0001-01-01T00:00:00Z", "?due_from"),
    ):
        answer = request_.agent.get(f"/instances?{query}")
        assert refused(answer) == (422, "validation"), query
        assert answer.json["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("database", ["sqlite"])
def test_what_is_sent_to_a_verb_that_takes_no_body_is_not_read(request_: Request) -> None:
    key = {"Idempotency-Key": new_key()}
    deep = {"data": b"[" * 100_000, "content_type": "application/json"}
    taken = request_.agent.raw("POST", f"{request_.url}/take", headers=key, **deep)
    assert taken.status_code == 200, taken.text
    again = request_.agent.raw("POST", f"{request_.url}/take", headers=key, **deep)
    assert again.headers["Idempotent-Replayed"] == "true"
    other = request_.agent.raw("POST", f"{request_.url}/take", headers=key)
    assert refused(other) == (422, "idempotency-mismatch")


def test_the_same_verb_many_times_is_done_once(request_: Request) -> None:
    request_.send("identity", IDENTITY)
    key, body = new_key(), {"note": "Seen"}
    first, second = (request_.agent.post(f"{request_.url}/steps/identity/approve", body, key=key) for _ in range(2))
    assert (first.status_code, second.status_code, second.headers["Idempotent-Replayed"]) == (200, 200, "true")
    assert second.json == first.json
    other = request_.agent.post(f"{request_.url}/steps/identity/approve", {"note": "Other"}, key=key)
    assert refused(other) == (422, "idempotency-mismatch")
