"""A private answer in clear: asked for one at a time, by whom it is meant for, and every read is recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from flows import access
from flows import settings as room
from flows.actions import revealing
from flows.actions.revealing import Revealed
from flows.models import AuditEntry, TimelineEvent
from flows.queries import timeline
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import OutOfStep, Refused
from flows.rules.private import MASK
from flows.work import end_reading, unit_of_work
from tests.admin.desk import differences
from tests.api.conftest import Phone, new_key, signed_in
from tests.portal.browsing import Visitor
from tests.private.conftest import (
    CASE_CODE,
    DIAGNOSIS,
    EMERGENCY,
    IBAN,
    INCOME,
    MONEY,
    OTHER_SECRET,
    PIN,
    SECRETS,
    Confided,
)
from tests.world import World

__all__ = ["signed_in"]


@pytest.fixture
def given(confided: Confided) -> Confided:
    """The private answers were sent."""
    confided.submit("money", MONEY)
    return confided


def reveal(given: Confided, name: str, by: Actor, step: str | None = "money") -> Revealed:
    with unit_of_work(by) as work:
        instance = access.instance_to_change(work, given.ref)
        return revealing.reveal(work, instance, access.step_of(instance, step) if step else None, name)


def reads(given: Confided) -> list[tuple[str, str, str]]:
    """Who read which answer, off the timeline."""
    end_reading()
    query = select(TimelineEvent).where(TimelineEvent.kind == "sensitive_read").order_by(TimelineEvent.seq)
    return [(row.actor_name, row.facts["step"], row.facts["field"]) for row in access.read_as(SYSTEM).scalars(query)]


@pytest.mark.requirement("X20", "X10")
def test_who_reviews_has_it_shown_and_that_is_recorded(given: Confided, world: World) -> None:
    for name, label, value, text in (
        ("iban", "Bank account", IBAN, IBAN),
        ("income", "Monthly income", INCOME, "£876.54"),
    ):
        shown = reveal(given, name, world.agent)
        assert (shown.label, shown.value, shown.text) == (label, value, text)
    assert reveal(given, "children", world.admin).text == "Asha, 4 May 2019, Mill Road"
    assert reveal(given, "children", world.agent).text == "Asha, 4 May 2019", "the school is for others"
    assert reads(given) == [
        ("Gus Agent", "money", "iban"),
        ("Gus Agent", "money", "income"),
        ("Ada Admin", "money", "children"),
        ("Gus Agent", "money", "children"),
    ]
    audited = access.read_as(SYSTEM).scalars(select(AuditEntry).where(AuditEntry.kind == "sensitive_answer_read")).all()
    assert [(row.thing, row.actor_name, row.facts["field"]) for row in audited[:1]] == [
        (given.ref, "Gus Agent", "iban")
    ]
    sentences = [entry.sentence for entry in timeline.of_instance(world.agent, given.now())]
    assert "Bank account was shown in clear" in sentences
    assert "sensitive_read" not in [entry.kind for entry in timeline.of_instance(world.tenant, given.now())]


@pytest.mark.requirement("X20")
def test_who_is_named_needs_no_permission_and_nobody_else_sees_it(given: Confided, world: World) -> None:
    assert reveal(given, "diagnosis", world.reader).text == DIAGNOSIS
    with pytest.raises(Refused) as unseen:
        reveal(given, "diagnosis", world.agent)
    with pytest.raises(Refused) as nowhere:
        reveal(given, "nonsense", world.agent)
    assert unseen.value.detail == nowhere.value.detail, "not there and not yours look the same"
    assert (unseen.value.status, nowhere.value.status) == (404, 404)
    for actor in (world.reader, world.tenant):
        for name in ("iban", "nonsense"):
            with pytest.raises(Refused) as refused:
                reveal(given, name, actor)
            assert refused.value.status == 403
    with pytest.raises(Refused):
        reveal(given, "iban", world.stranger)
    assert reads(given) == [("Rae Reader", "money", "diagnosis")]


@pytest.mark.requirement("X20")
def test_what_was_given_at_the_start_is_shown_too(given: Confided, world: World) -> None:
    assert reveal(given, "emergency", world.agent, step=None).text == EMERGENCY
    assert reveal(given, "case_code", world.agent, step=None).text == CASE_CODE
    assert reads(given) == [("Gus Agent", "start", "emergency"), ("Gus Agent", "start", "case_code")]


def test_there_is_nothing_to_show_where_nothing_private_was_given(given: Confided, world: World) -> None:
    for name in ("remark", "reason"):
        with pytest.raises(OutOfStep):
            reveal(given, name, world.agent)
    assert reads(given) == []


def test_an_answer_whose_key_is_gone_says_so(given: Confided, world: World) -> None:
    room.use(replace(room.current(), secret_key=OTHER_SECRET))
    for name in ("iban", "children"):
        shown = reveal(given, name, world.agent)
        assert (shown.value, shown.text) == (None, "cannot be opened (key)")


# --- the back office --------------------------------------------------------------------------------------------


@pytest.mark.requirement("X20")
def test_the_show_button(app: Flask, given: Confided, world: World) -> None:
    agent = Visitor(app, world.agent)
    url = f"/admin/tasks/{given.ref}/steps/money/reveal/iban"
    asks = agent.get(url)
    assert "Show this private answer?" in asks
    assert IBAN not in asks
    assert reads(given) == [], "asking is not reading"
    shown = agent.send(url)
    assert shown.status_code == 200
    assert IBAN in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    fragment = agent.send(url, fragment=True)
    assert IBAN in fragment.text
    assert "<html" not in fragment.text
    assert reads(given) == [("Gus Agent", "money", "iban")] * 2, "each time"
    page = agent.get(f"/admin/tasks/{given.ref}")
    assert "Bank account was shown in clear" in page
    assert IBAN not in page
    without = agent.client.post(url, data={}, headers={"Referer": f"http://localhost{url}"})
    assert without.status_code == 400


@pytest.mark.requirement("X20")
def test_the_page_of_an_instance_has_the_button_too(app: Flask, given: Confided, world: World) -> None:
    agent, base = Visitor(app, world.agent), f"/admin/instances/{given.ref}"
    to_review = agent.get(base)
    assert f"{base}/steps/money/reveal/iban" in to_review
    assert IBAN not in to_review
    shown = agent.send(f"{base}/steps/money/reveal/iban")
    assert IBAN in shown.text
    given.approve("money")
    assert f"{base}/steps/money/reveal/iban" in agent.get(base)
    assert f"{base}/steps/money/reveal/iban" not in Visitor(app, world.reader).get(base)
    attempts = agent.get(f"{base}/steps/money/attempts")
    assert IBAN not in attempts
    assert reads(given) == [("Gus Agent", "money", "iban")]


@pytest.mark.requirement("X20")
def test_the_door_lets_nobody_else_in(app: Flask, given: Confided, world: World) -> None:
    url = f"/admin/tasks/{given.ref}/steps/money/reveal"
    reader, agent = Visitor(app, world.reader), Visitor(app, world.agent)
    assert reader.post(f"{url}/iban").status_code == 403
    assert DIAGNOSIS in reader.send(f"{url}/diagnosis").text
    agent.get(f"{url}/diagnosis", 404)
    assert agent.post(f"{url}/diagnosis").status_code == 404
    assert agent.post(f"{url}/remark").status_code == 409
    assert Visitor(app, world.tenant).post(f"{url}/iban").status_code == 403
    assert reads(given) == [("Rae Reader", "money", "diagnosis")]
    room.use(replace(room.current(), secret_key=OTHER_SECRET))
    lost = agent.post(f"{url}/iban")
    assert lost.status_code == 200
    assert "cannot be opened (key)" in lost.text


# --- the API ----------------------------------------------------------------------------------------------------


def money_of(phone: Phone, given: Confided) -> Any:
    answer = phone.get(f"/instances/{given.ref}/steps/money")
    assert answer.status_code == 200, answer.text
    assert not (phone_may_not_read(phone) and any(secret in answer.text for secret in SECRETS))
    return answer.json


def phone_may_not_read(phone: Phone) -> bool:
    return phone.get("/me").json["kind"] == "staff"


@pytest.mark.requirement("X20", "D5")
def test_through_the_api(confided: Confided, signed_in: Callable[[Actor], Phone], world: World) -> None:
    tenant, agent, reader = signed_in(world.tenant), signed_in(world.agent), signed_in(world.reader)
    url = f"/instances/{confided.ref}/steps/money"
    kept = tenant.send("PUT", f"{url}/draft", {"answers": {"iban": IBAN, "income": INCOME}})
    assert kept.json["draft"]["answers"] == {"iban": IBAN, "income": INCOME}
    merged = tenant.send("PUT", f"{url}/draft", {"answers": {"diagnosis": DIAGNOSIS}, "merge": True})
    assert merged.json["draft"]["answers"] == {"iban": IBAN, "income": INCOME, "diagnosis": DIAGNOSIS}
    draft = agent.get(f"{url}/draft").json
    assert (draft["answers"], draft["masked"]) == ({"iban": None, "income": None}, ["/iban", "/income"])
    assert money_of(tenant, confided)["draft"]["answers"]["iban"] == IBAN

    step = tenant.get(url)
    sent = tenant.post(f"{url}/submissions", {"answers": MONEY}, key=new_key(), etag=step.headers["ETag"])
    assert sent.status_code == 201, sent.text
    over = money_of(tenant, confided)
    assert over["answers"]["iban"] is None
    assert over["answers"]["children"] == [{"name": "Asha", "born": None, "school": "Mill Road"}]
    assert over["masked"] == ["/iban", "/income", "/children/0/born", "/diagnosis"]
    shown = money_of(agent, confided)
    assert shown["masked"] == ["/iban", "/income", "/children/0/born"]
    assert shown["answers"]["children"] == [{"name": "Asha", "born": None}]
    assert "diagnosis" not in shown["answers"]
    assert [field["key"] for field in shown["fields"] if field["key"] in ("diagnosis", "remark")] == ["remark"]
    assert "reveal" in shown["allowed_actions"]
    for phone in (tenant, agent, reader):
        attempts = phone.get(f"{url}/submissions")
        assert not any(secret in attempts.text for secret in SECRETS)
        assert attempts.json["data"][0]["masked"]
        everything = phone.get(f"/instances/{confided.ref}?include=steps").text
        history = phone.get(f"/instances/{confided.ref}/history").text
        assert not any(secret in everything + history for secret in SECRETS)

    clear = agent.post(f"{url}/fields/iban/reveal")
    assert clear.status_code == 200, clear.text
    assert clear.json == {"key": "iban", "label": "Bank account", "value": IBAN, "text": IBAN, "lost": False}
    assert clear.headers["Cache-Control"] == "no-store"
    assert reader.post(f"{url}/fields/diagnosis/reveal").json["text"] == DIAGNOSIS
    for phone, field, status in (
        (tenant, "iban", 403),
        (reader, "iban", 403),
        (agent, "diagnosis", 404),
        (agent, "nothing", 404),
        (agent, "remark", 409),
    ):
        assert phone.post(f"{url}/fields/{field}/reveal").status_code == status
    assert reads(confided) == [("Gus Agent", "money", "iban"), ("Rae Reader", "money", "diagnosis")]


@pytest.mark.requirement("X20")
def test_a_private_answer_of_staff_through_the_api(
    confided: Confided, signed_in: Callable[[Actor], Phone], world: World
) -> None:
    confided.submit("money", MONEY)
    confided.approve("money")
    confided.draft("payout", {"pin": PIN, "paid_by": "Gus"}, by=world.agent)
    agent, tenant = signed_in(world.agent), signed_in(world.tenant)
    url = f"/instances/{confided.ref}/steps/payout"
    assert agent.get(url).json["draft"]["answers"]["pin"] == PIN
    seen = tenant.get(url)
    assert PIN not in seen.text
    assert seen.json["draft"]["masked"] == ["/pin"]
    added = agent.post(f"{url}/fields", {"label": "Since when?", "type": "date"}, key=new_key())
    assert added.status_code == 201
    assert PIN not in added.text, "what is kept for a repeated request holds no answer"


@pytest.mark.requirement("X20")
def test_a_condition_over_a_masked_answer_is_decided_by_the_server(
    confided: Confided, signed_in: Callable[[Actor], Phone], world: World
) -> None:
    tenant, url = signed_in(world.tenant), f"/instances/{confided.ref}/steps/money"
    step = tenant.get(url)
    rich = {**MONEY, "income": 600_000}
    refused = tenant.post(f"{url}/submissions", {"answers": rich}, key=new_key(), etag=step.headers["ETag"])
    assert [error["pointer"] for error in refused.json["errors"]] == ["#/answers/reason"]


def test_the_list_of_rows_masks_for_every_kind(given: Confided) -> None:
    from flows.rules import answers

    fields = given.definition().steps["money"].fields
    stored = given.step("money").answers
    shown = {name: answers.display(field, stored.get(name)) for name, field in fields.items()}
    assert (shown["iban"], shown["income"], shown["children"]) == (MASK, MASK, f"Asha, {MASK}, Mill Road")


@pytest.mark.requirement("X20", "C36")
def test_attempts_side_by_side_tell_what_changed_and_not_what_it_was(app: Flask, given: Confided, world: World) -> None:
    given.send_back("money")
    given.submit("money", {**MONEY, "iban": "GB29NWBK60161331926819"})
    page = Visitor(app, world.agent).get(f"/admin/instances/{given.ref}/steps/money/attempts")
    assert differences(page) == {
        "Bank account": "Changed",
        "Monthly income": "Same",
        "Children": "Same",
        "Why so much?": "Same",
        "Remark of ours": "Same",
    }
    assert not any(secret in page for secret in SECRETS)
