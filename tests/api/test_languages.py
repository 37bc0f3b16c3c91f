"""The language of an answer: Accept-Language, else the profile; a flow's own Welsh words come through the API (X23)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from flows import catalogue
from flows.catalogue.translation import in_language, translated
from flows.rules.actors import Actor
from flows.words import Borrowed
from tests.api.conftest import Phone, new_key, order_coro, task_of
from tests.api.guided import Request
from tests.guided.conftest import move_in
from tests.world import World

__all__ = ["move_in"]

pytestmark = pytest.mark.parametrize("database", ["sqlite"])
WELSH = "cy, en;q=0.8"


@pytest.fixture
def moving(signed_in: Callable[[Actor], Phone], world: World) -> Request:
    made = Request(signed_in(world.tenant), signed_in(world.agent), signed_in(world.admin))
    begun = made.begin(flow="tenant-onboarding", amounts={"deposit": {"amount": 45_000, "currency": "GBP"}})
    assert begun.status_code == 201, begun.text
    return made


@pytest.mark.requirement("D5", "X23")
def test_a_flow_speaks_welsh(moving: Request) -> None:
    step = moving.tenant.get(f"{moving.url}/steps/identity", Accept_Language=WELSH)
    assert (step.headers["Content-Language"], step.headers["ETag"]) == ("cy", f'"st-{step.json["version"]}-cy"')
    assert step.json["title"] == "Pwy ydych chi"
    fields = {one["key"]: one for one in step.json["fields"]}
    assert fields["born"]["label"] == "Dyddiad geni"
    assert [one["label"] for one in fields["right_to_rent"]["options"]] == ["Oes", "Nac oes", "Ddim yn siŵr"]
    english = moving.tenant.get(f"{moving.url}/steps/identity")
    assert (english.headers["Content-Language"], english.json["title"]) == ("en", "Who you are")
    assert english.headers["ETag"] != step.headers["ETag"]
    assert {"Accept-Language", "Authorization"} <= set(english.headers["Vary"].split(", "))


@pytest.mark.requirement("D5", "X23")
def test_titles_and_kinds_are_the_flows_own(moving: Request) -> None:
    [row] = moving.tenant.get("/instances", Accept_Language="cy").json["data"]
    assert (row["title"], row["kind"]) == ("Symud i mewn", "Croesawu tenant")
    whole = moving.tenant.get(f"{moving.url}?include=steps", Accept_Language="cy")
    assert whole.headers["ETag"].startswith(f'"ti-{whole.json["version"]}-cy')
    assert whole.json["steps"][0]["title"] == "Pwy ydych chi"
    flow = moving.agent.get("/flows/tenant-onboarding", Accept_Language="cy-GB").json
    assert (flow["title"], flow["inputs"][0]["label"]) == ("Symud i mewn", "Rhent misol")


@pytest.mark.requirement("D5", "X23")
def test_a_tag_is_of_one_language_and_its_version_of_every(moving: Request) -> None:
    path = f"{moving.url}/steps/identity"
    welsh, english = (moving.tenant.get(path, Accept_Language=one).headers["ETag"] for one in ("cy", "en"))
    assert moving.tenant.get(path, Accept_Language="cy", If_None_Match=welsh).status_code == 304
    assert moving.tenant.get(path, Accept_Language="en", If_None_Match=welsh).status_code == 200
    saved = moving.tenant.send("PUT", f"{path}/draft", {"answers": {}}, {"If-Match": english, "Accept-Language": "cy"})
    assert saved.status_code == 200
    headers = {"If-Match": '"st-99-en"', "Accept-Language": "cy", "Idempotency-Key": new_key()}
    stale = moving.tenant.send("POST", f"{path}/submissions", {"answers": {}}, headers)
    assert (stale.status_code, stale.json["current_etag"]) == (412, welsh)


@pytest.mark.requirement("D5", "X23")
def test_which_language(buyer: Phone) -> None:
    """The header, then the profile, then English; what nobody speaks says nothing."""
    for header, spoken in (
        ("cy", "cy"), ("CY-gb, en;q=0.5", "cy"), ("fr, cy;q=0.3", "cy"), ("en;q=0.2, cy;q=0.9", "cy"), ("fr", "en"),
        ("*", "en"), ("cy;q=0", "en"), ("", "en"), ("\u00e9;;,=", "en"),
    ):  # fmt: skip
        assert buyer.get("/me", Accept_Language=header).headers["Content-Language"] == spoken, header
    me = buyer.get("/me")
    assert buyer.send("PATCH", "/me", {"language": "cy"}, {"If-Match": me.headers["ETag"]}).status_code == 200
    assert buyer.get("/me").headers["Content-Language"] == "cy"
    assert buyer.get("/me", Accept_Language="en").headers["Content-Language"] == "en"
    assert buyer.get("/me", Accept_Language="fr").headers["Content-Language"] == "cy"


@pytest.mark.requirement("D5")
def test_what_a_flow_does_not_say_stays_as_it_was_written(
    buyer: Phone, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, loaded = catalogue.current(), catalogue.current().flows["coro-order-fulfilment"]
    monkeypatch.setitem(registry.spoken, (loaded.content_hash, "cy"), translated(loaded.definition, {}))
    order = order_coro(buyer, world)
    step = buyer.get(f"/instances/{task_of(order)}/steps/details", Accept_Language="cy")
    assert step.json["title"] == buyer.get(f"/instances/{task_of(order)}/steps/details").json["title"]
    assert step.headers["Content-Language"] == "cy", "for a reader of Welsh, as far as there are words"


@pytest.mark.requirement("D5")
def test_a_repeated_request_gets_the_first_answer_in_its_language(buyer: Phone, world: World) -> None:
    body = {"customer_id": world.acme, "items": [{"product_id": world.coro, "quantity": 1}]}
    headers = {"Idempotency-Key": new_key(), "Accept-Language": "cy"}
    assert buyer.send("POST", "/orders", body, headers).headers["Content-Language"] == "cy"
    again = buyer.send("POST", "/orders", body, {**headers, "Accept-Language": "en"})
    assert (again.headers["Content-Language"], again.headers["Idempotent-Replayed"]) == ("cy", "true")


@pytest.mark.requirement("X23")
def test_a_translation_is_made_once_and_an_unknown_language_is_none(moving: Request) -> None:
    registry, loaded = catalogue.current(), catalogue.current().flows["tenant-onboarding"]
    welsh = in_language(registry, loaded.definition, loaded.content_hash, "cy")
    assert welsh.title == "Symud i mewn"
    assert in_language(registry, loaded.definition, loaded.content_hash, "cy") is welsh
    assert in_language(registry, loaded.definition, loaded.content_hash, "cy-GB").title == welsh.title
    assert in_language(registry, loaded.definition, loaded.content_hash, "en-GB") is loaded.definition
    french = in_language(registry, loaded.definition, loaded.content_hash, "fr")
    assert (french.title, type(french.title)) == ("Move-in", Borrowed)


@pytest.mark.requirement("D5", "X23")
def test_a_no_is_said_in_that_language_and_its_code_in_none(buyer: Phone) -> None:
    no = buyer.get("/instances/ti_nobodys", Accept_Language=WELSH)
    assert (no.status_code, no.headers["Content-Language"], no.json["code"]) == (404, "cy", "not-found")
    assert (no.json["title"], no.json["detail"]) == ("Heb ei ganfod", "Dim tasg o'r fath")
    english = buyer.get("/instances/ti_nobodys")
    assert (english.json["title"], english.json["detail"]) == ("Not found", "No such task")


@pytest.mark.requirement("D5", "X23")
def test_whoever_is_not_signed_in_is_answered_as_the_header_asks(app: Flask, world: World) -> None:
    grant = {"grant_type": "code", "email": "bea@example.com", "code": "000000", "installation_id": "p"}
    no = app.test_client().post("/api/v1/auth/token", json=grant, headers={"Accept-Language": "cy"})
    assert (no.status_code, no.headers["Content-Language"]) == (401, "cy")
    assert no.json is not None
    assert no.json["title"] == "Mae'r cod yn anghywir neu'n rhy hen"


@pytest.mark.requirement("D5", "X23")
def test_every_place_that_is_wrong_says_its_cure_in_that_language(moving: Request) -> None:
    url, form = f"{moving.url}/steps/identity", {"answers": {"legal_name": ""}}
    tag = moving.tenant.get(url, Accept_Language="cy").headers["ETag"]
    headers = {"If-Match": tag, "Accept-Language": "cy", "Idempotency-Key": new_key()}
    wrong = moving.tenant.send("POST", f"{url}/submissions", form, headers)
    assert wrong.status_code == 422, wrong.text
    said = {one["pointer"]: (one["code"], one["detail"]) for one in wrong.json["errors"]}
    assert said["#/answers/legal_name"] == ("required", "Rhowch “Enw cyfreithiol llawn”")
    assert said["#/answers/right_to_rent"] == ("required", "Atebwch “A oes gennych hawl i rentu yn y DU?”")


@pytest.mark.requirement("D5", "X23")
def test_a_timeline_is_told_in_that_language(moving: Request) -> None:
    lines = moving.tenant.get(f"{moving.url}/history", Accept_Language="cy").json["data"]
    assert lines[0]["text"] == "Crëwyd"
