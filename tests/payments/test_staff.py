"""Staff and money at their own door: what they see, and what they may change (A4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flows.rules.actors import Actor
from flows.rules.payments import Word
from tests.admin.conftest import token_of
from tests.payments.conftest import Play
from tests.payments.test_pages import says
from tests.world import World


@pytest.fixture
def parts() -> tuple[str, ...]:
    return ("messaging", "portal", "admin")


@pytest.fixture
def staff(app: Flask, world: World) -> Callable[..., Staff]:
    return lambda actor=None: Staff(app, actor or world.admin)


class Staff:
    """One member of staff with a browser that sends forms with their token."""

    def __init__(self, app: Flask, actor: Actor) -> None:
        self.client: FlaskClient = app.test_client()
        with self.client.session_transaction() as session:
            session["token"] = token_of(actor)

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text[:800]
        return answer.text

    def send(self, path: str, **fields: str) -> Any:
        page = self.get(path)
        hidden = dict(
            re.findall(
                r'<input type="hidden" name="(csrf_token|_key|seen)" value="([^"]*)"', page.partition("<main")[2]
            )
        )
        return self.client.post(path, data={**hidden, **fields}, headers={"Referer": f"http://localhost{path}"})


@pytest.mark.requirement("C27", "C33", "X22")
def test_the_task_page_shows_the_money(play: Play, staff: Callable[..., Staff], world: World) -> None:
    play.start(45_000)
    task = f"/admin/tasks/{play.ref}"
    page = staff(world.agent).get(task)
    assert "Amount £450.00" in says(page)
    for action in ("amount", "confirm"):
        assert f'href="/admin/payments/of/{play.ref}/deposit/{action}"' in page
    assert "Answer for the customer" not in page, "a payment is not answered"
    name = play.go()
    assert "Not paid yet" in says(staff().get(task))
    assert f"DEP-{play.ref}" in staff().get(task)
    play.till.till.pay(name, "pay")
    play.tell()
    page = staff().get(task)
    assert "£450.00 Paid Stripe" in says(page)
    assert f"/admin/payments/{play.payment().uid}/refund" in page
    assert "Change amount" not in page
    reader = staff(world.reader).get(task)
    assert "£450.00" in reader
    assert "/refund" not in reader
    assert "/refund" not in staff(world.agent).get(task), "paying back takes the right to end things"


@pytest.mark.requirement("Q27")
def test_an_amount_is_changed(play: Play, staff: Callable[..., Staff], world: World) -> None:
    play.start(45_000)
    path = f"/admin/payments/of/{play.ref}/deposit/amount"
    ours = staff(world.agent)
    assert "Amount now £450.00" in says(ours.get(path))
    for typed, words in (
        ("", "Enter"), ("much", "Enter the amount as an amount"), ("-1", "0.00 or more"), ("1.005", "amount"),
        ("2000000", "1,000,000.00 or less"), ("450", "It is £450.00 already"),
    ):  # fmt: skip
        answer = ours.send(path, amount=typed)
        assert answer.status_code == 422, typed
        assert words in says(answer.text), typed
    changed = ours.send(path, amount="1,200.50", reason="A larger flat")
    assert (changed.status_code, changed.location) == (303, f"/admin/instances/{play.ref}")
    assert play.now().amounts == {"deposit": 120_050}
    assert "the amount is now £1,200.50, it was £450.00. A larger flat" in says(ours.get(f"/admin/tasks/{play.ref}"))
    assert staff(world.reader).client.get(path).status_code == 403
    play.pay()
    late = ours.send(path, amount="5")
    assert late.status_code == 409
    assert "paid already" in says(late.text)


@pytest.mark.requirement("X22")
def test_a_bank_transfer_is_confirmed_and_paid_back(play: Play, staff: Callable[..., Staff], world: World) -> None:
    play.start(45_000)
    path = f"/admin/payments/of/{play.ref}/deposit/confirm"
    agent = staff(world.agent)
    words = says(agent.get(path))
    assert f"Reference to look for DEP-{play.ref}" in words
    assert "Confirm that £450.00 came" in words
    wrong = agent.send(path, received_on="soon", reference="")
    assert "Enter a day" in says(wrong.text)
    assert agent.send(path, received_on="2026-11-02", reference="").status_code == 422
    assert agent.send(path, received_on="2026-11-02", reference="SHAH P").status_code == 303
    assert play.states() == ["paid"]
    uid = play.payment().uid
    assert agent.client.get(f"/admin/payments/{uid}/refund").status_code == 403
    admin = staff()
    assert "You transfer it by hand" in says(admin.get(f"/admin/payments/{uid}/refund"))
    assert admin.send(f"/admin/payments/{uid}/refund", reason="").status_code == 422
    assert admin.send(f"/admin/payments/{uid}/refund", reason="Moved away").status_code == 303
    play.run()
    assert "Transfer £450.00 back by hand" in admin.get("/admin/outbox/")
    page = admin.get(f"/admin/payments/{uid}")
    assert "Being paid back" in says(page)
    assert admin.send(f"/admin/payments/{uid}/paid-back", reference="BACK 1").status_code == 303
    assert play.states() == ["refunded"]
    assert "No incident" in says(admin.get("/admin/outbox/"))


@pytest.mark.requirement("X22", "X36")
def test_a_mismatch_is_seen_by_people(play: Play, staff: Callable[..., Staff]) -> None:
    play.start(45_000)
    play.begin()
    uid = play.payment().uid
    play.hear(Word("paid", "cs_1", uid, 40_000, "GBP", "pi_1"))
    admin = staff()
    assert "£400.00 came for “Pay your deposit”, where £450.00 was asked" in says(admin.get("/admin/outbox/"))
    assert f"{play.ref}: £400.00 came" in admin.get("/admin/"), "a notice on every page"
    words = says(admin.get(f"/admin/payments/{uid}"))
    assert "Came £400.00" in words
    assert "it is not the amount that was asked" in words
    assert "Being paid back" in says(admin.get(f"/admin/tasks/{play.ref}"))


def test_the_list_of_payments(
    play: Play, staff: Callable[..., Staff], world: World, count_statements: Callable[[], list[str]]
) -> None:
    admin, counts = staff(), set()
    for n in (1, 30):
        for _ in range(n):
            play.start()
            play.begin()
        admin.get("/admin/payments/")
        made = count_statements()
        admin.get("/admin/payments/")
        counts.add(len(made))
        assert len(made) <= 8, made
    assert len(counts) == 1
    first = admin.get("/admin/payments/")
    assert first.count('data-label="Payment"') == 25
    following = re.findall(r'href="(/admin/payments/\?cursor=[^"]+)"', first)[0].replace("&amp;", "&")
    assert admin.get(following).count('data-label="Payment"') == 6
    play.pay()
    for query, shown in (
        ("state=paid", 1), ("state=pending", 30), ("state=nonsense", 25), (f"q={play.ref}", 1),
        ("q=priya&state=paid", 1),
        ("q=%25", 0), ("q=%00", 25), (f"q={play.payment().provider_reference}", 1), ("q=nobody", 0),
    ):  # fmt: skip
        assert admin.get(f"/admin/payments/?{query}").count('data-label="Payment"') == min(shown, 25), query
    admin.get("/admin/payments/?cursor=x", 422)
    admin.get("/admin/payments/pay_nobody", 404)
    assert "/admin/payments/" in staff(world.reader).get("/admin/")
