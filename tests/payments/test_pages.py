"""The customer pays through the pages, without JavaScript: away, back, and every way it may end (P8)."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from flows import settings as room
from flows.rules.payments import Word
from tests.messaging.conftest import mails, part
from tests.payments.conftest import Play
from tests.portal.browsing import Visitor, bare
from tests.world import World

HTML_BUDGET = 4 * 1024
MOST_STATEMENTS = 8


@pytest.fixture
def tenant(app: Flask, world: World) -> Visitor:
    return Visitor(app, world.tenant)


def at(play: Play) -> str:
    return f"/tasks/{play.ref}/steps/{play.step}/pay"


def says(html: str) -> str:
    """What people read of a page's main part."""
    main = html.partition("<main")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


@pytest.mark.requirement("C27", "X22")
def test_from_the_task_to_the_receipt(play: Play, tenant: Visitor) -> None:
    play.start(45_000)
    task = tenant.get(f"/tasks/{play.ref}")
    assert "£450.00" in says(task)
    assert f'href="/tasks/{play.ref}/steps/deposit" aria-describedby="yours-2">' in task, "no dialog: it leads away"
    assert tenant.client.get(f"/tasks/{play.ref}/steps/deposit").location == at(play)
    assert tenant.client.get(f"/tasks/{play.ref}/complete").location == f"/tasks/{play.ref}/steps/deposit"
    page = tenant.get(at(play))
    words = says(page)
    for said in (
        "Pay your deposit", "£450.00", f"for “Moving in”, {play.ref}", "You will go to Stripe to pay.",
        "We do not see your card.", "Pay another way", f"DEP-{play.ref}", "Sort code 00-11-22", "One month of rent",
    ):  # fmt: skip
        assert said in words
    away = tenant.send(at(play))
    assert away.status_code == 303
    name = str(away.location).rpartition("/")[2]
    assert away.location == f"{play.till.till.page}/checkout/{name}"
    play.till.till.pay(name, "pay")
    back = tenant.get(f"{at(play)}?back=paid")
    assert "We are confirming your payment This can take a minute. Do not pay again." in says(back)
    assert "Pay £450.00" not in back
    play.tell()
    words = says(tenant.get(at(play)))
    assert "Paid £450.00" in words
    assert "Card, through Stripe" in words
    assert "We sent a receipt by email." in words
    task = says(tenant.get(f"/tasks/{play.ref}"))
    assert "Pay your deposit: £450.00 received" in task
    assert "Pay your deposit: answers sent" not in task
    play.refund()
    assert "£450.00 is being paid back to you" in says(tenant.get(at(play)))
    play.run()
    assert "Refunded £450.00" in says(tenant.get(at(play)))


@pytest.mark.requirement("X22")
def test_a_call_that_got_lost_is_made_good_when_the_customer_is_back(play: Play, tenant: Visitor) -> None:
    play.start()
    name = str(tenant.send(at(play)).location).rpartition("/")[2]
    play.till.till.pay(name, "pay")
    back = f"{at(play)}?back=paid"
    assert "Check now" in tenant.get(back)
    assert "ask.js" in tenant.get(back), "with JavaScript nobody has to press it"
    assert play.states() == ["pending"], "a GET changes nothing"
    asked = tenant.send(back, action=f"{at(play)}/check")
    assert (asked.status_code, asked.location) == (303, at(play))
    assert play.states() == ["paid"]


@pytest.mark.requirement("X22")
def test_a_declined_card(play: Play, tenant: Visitor) -> None:
    play.start()
    name = str(tenant.send(at(play)).location).rpartition("/")[2]
    play.till.till.pay(name, "decline")
    turned = f"{at(play)}?back=turned"
    assert "Pay £450.00" in says(tenant.get(turned))
    assert tenant.send(turned, action=f"{at(play)}/check").location == at(play)
    words = says(tenant.get(at(play)))
    assert "The payment did not go through Your card was declined." in words
    assert "Try again: pay £450.00" in words
    assert "<title>Error: Pay your deposit" in tenant.get(at(play))
    again = tenant.send(at(play))
    assert str(again.location).endswith(name)


@pytest.mark.requirement("X22")
def test_money_that_takes_its_time(play: Play, tenant: Visitor) -> None:
    play.start()
    name = str(tenant.send(at(play)).location).rpartition("/")[2]
    play.till.till.pay(name, "later")
    asked = tenant.send(f"{at(play)}?back=paid", action=f"{at(play)}/check")
    assert asked.location == f"{at(play)}?back=asked"
    words = says(tenant.get(at(play)))
    assert "Your bank is making the payment of £450.00" in words
    assert "Do not pay again" in words
    task = tenant.get(f"/tasks/{play.ref}")
    assert "Payment on its way" in task
    assert "Go on with" not in task, "it is the system's turn"
    assert play.now().waiting_on == "system"
    pressed = tenant.post(at(play))
    assert pressed.status_code == 409
    assert "is on its way. Do not pay again" in says(pressed.text)
    play.till.till.clear(name, paid=False)
    play.tell()
    assert play.now().waiting_on == "customer"
    assert "Your bank did not make the payment" in says(tenant.get(at(play)))


@pytest.mark.requirement("Q27")
def test_an_amount_that_changed_is_shown_as_changed(play: Play, tenant: Visitor) -> None:
    play.start(4_500)
    assert "has changed" not in tenant.get(at(play))
    play.change(5_000, "The key costs more")
    words = says(tenant.get(at(play)))
    assert "The amount changed from £45.00 to £50.00. The key costs more" in words
    assert "Pay £50.00" in words
    play.pay()
    assert "changed from" not in tenant.get(at(play))


@pytest.mark.requirement("Q27")
def test_an_amount_of_nothing_and_one_that_nobody_has_said(play: Play, tenant: Visitor) -> None:
    play.start(0)
    tenant.get(at(play), 404)
    play.start(None)
    words = says(tenant.get(at(play)))
    assert "We have not said yet how much this is" in words
    assert "Pay £" not in words
    assert tenant.post(at(play)).status_code == 409


@pytest.mark.requirement("X22")
def test_money_that_goes_back_is_shown(play: Play, tenant: Visitor) -> None:
    play.start(45_000)
    play.begin()
    uid = play.payment().uid
    play.hear(Word("paid", "cs_1", uid, 40_000, "GBP", "pi_1"))
    words = says(tenant.get(at(play)))
    assert "£400.00 came and is being paid back to you." in words
    assert "because it is not the amount that was asked" in words
    assert "Pay £450.00" in words
    play.cancel()
    words = says(tenant.get(at(play)))
    assert "Nothing is to be paid here any more" in words
    assert "£400.00 came" in words


@pytest.mark.requirement("X22")
def test_a_provider_that_is_away_takes_nothing(play: Play, tenant: Visitor, app: Flask) -> None:
    play.start()
    good = app.config["BATON"]
    room.use(replace(good, stripe_api_base="http://127.0.0.1:9"))
    answer = tenant.post(at(play))
    assert answer.status_code == 503
    assert "nothing was taken. Try again in a moment" in says(answer.text)
    asked = tenant.post(f"{at(play)}/check", back="paid")
    assert asked.status_code == 303
    room.use(good)
    assert tenant.post(at(play)).status_code == 303


@pytest.mark.requirement("X22")
def test_by_bank_alone_and_not_at_all(play: Play, tenant: Visitor, app: Flask) -> None:
    play.start()
    whole = app.config["BATON"]
    for settings, seen, hidden in (
        (replace(whole, stripe_key=""), "Transfer the money from your bank", "You will go to Stripe"),
        (replace(whole, bank_details=""), "You will go to Stripe", "Pay another way"),
        (replace(whole, stripe_key="", bank_details=""), "Please contact us to pay", "Transfer the money"),
    ):
        app.config["BATON"] = settings
        room.use(settings)
        words = says(tenant.get(at(play)))
        assert seen in words
        assert hidden not in words
    app.config["BATON"] = whole
    room.use(whole)
    play.confirm()
    assert "Bank transfer" in says(tenant.get(at(play)))


@pytest.mark.requirement("X22")
def test_a_form_may_lead_to_the_provider_and_nowhere_else(play: Play, tenant: Visitor, app: Flask) -> None:
    play.start()
    policy = tenant.client.get(at(play)).headers["Content-Security-Policy"]
    assert f"form-action 'self' {play.till.till.page};" in policy
    app.config["BATON"] = replace(app.config["BATON"], stripe_api_base="")
    policy = tenant.client.get(at(play)).headers["Content-Security-Policy"]
    assert "form-action 'self' https://checkout.stripe.com;" in policy
    app.config["BATON"] = replace(app.config["BATON"], stripe_key="")
    assert "form-action 'self';" in tenant.client.get(at(play)).headers["Content-Security-Policy"]


def test_the_dialog_leads_to_the_page(play: Play, tenant: Visitor) -> None:
    """A form in the dialog is posted by fetch, which cannot go to another site."""
    play.start()
    for path in (f"/tasks/{play.ref}/complete", f"/tasks/{play.ref}/steps/deposit"):
        part = tenant.get(path, fragment=True)
        assert f'<a class="btn go" href="{at(play)}">Go on to pay</a>' in part
        assert "<form" not in part


def test_a_payment_step_takes_no_form(play: Play, tenant: Visitor) -> None:
    play.start()
    step = f"/tasks/{play.ref}/steps/deposit"
    assert tenant.post(step, deposit="paid").location == at(play)
    assert tenant.post(f"{step}/check").location == at(play)
    assert tenant.post(f"{step}/draft", deposit="x").status_code == 409
    assert tenant.client.get(f"{step}/check").location == step
    assert play.state() == "open"
    assert tenant.get(f"/tasks/{play.ref}/steps/home/pay", 404)
    assert tenant.post(f"/tasks/{play.ref}/steps/home/pay").status_code == 404
    tenant.get(f"/tasks/{play.ref}/steps/keys", 409)


def test_a_locked_payment_step_says_so(play: Play, tenant: Visitor) -> None:
    play.start(1, flow="charge")
    tenant.get(at(play), 409)
    assert tenant.post(at(play)).status_code == 409


def test_nobody_elses_payment(play: Play, app: Flask, world: World) -> None:
    play.start()
    stranger = Visitor(app, world.stranger)
    other = at(play).replace(play.ref, "TI-9999")
    assert bare(stranger.get(at(play), 404)) == bare(stranger.get(other, 404))
    assert stranger.post(at(play)).status_code == 404
    assert stranger.post(f"{at(play)}/check").status_code == 404
    assert Visitor(app, world.agent).client.get(at(play)).status_code == 403
    assert play.payments() == []


def test_pressing_without_end_is_stopped(play: Play, tenant: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    play.start()
    monkeypatch.setattr("messaging.payments.desk.MOST_PRESSES", 3)
    assert [tenant.post(at(play)).status_code for _ in range(4)] == [303, 303, 303, 429]


def test_pages_need_few_statements_and_few_bytes(
    play: Play, tenant: Visitor, count_statements: Callable[[], list[str]]
) -> None:
    play.start()

    def look(path: str) -> None:
        tenant.get(path)
        made = count_statements()
        html = tenant.get(path)
        assert len(made) <= MOST_STATEMENTS, f"{path}: {len(made)}\n" + "\n".join(made)
        assert len(gzip.compress(html.encode(), 6)) <= HTML_BUDGET, path

    look(at(play))
    name = play.go()
    for path in (at(play), f"{at(play)}?back=paid", f"/tasks/{play.ref}"):
        look(path)
    play.till.till.pay(name, "pay")
    play.tell()
    for path in (at(play), f"/tasks/{play.ref}"):
        look(path)


def test_every_kind_of_mail_is_written(play: Play, app: Flask) -> None:
    play.start()
    name = play.pay("later")
    play.till.till.clear(name, paid=False)
    play.tell()
    play.hear(Word("paid", name, play.payment().uid, 1, "GBP", "pi_1"))
    play.run()
    play.start()
    play.pay()
    play.refund()
    play.run()
    written = {str(mail["Subject"]): part(mail, "plain") for mail in mails(app.config["BATON"])}
    about_money = {subject for subject in written if not subject.startswith(("Action needed", "It is your turn"))}
    assert about_money == {
        "Your payment did not go through: Pay your deposit",
        "We are paying £0.01 back: Pay your deposit",
        "Receipt for £450.00: Pay your deposit",
        "Refund of £450.00: Pay your deposit",
    }
    receipt = " ".join(written["Receipt for £450.00: Pay your deposit"].split())
    assert "We received £450.00 for Pay your deposit (Moving in, TI-2002) on Monday 2 November 2026" in receipt
    assert "Reference: DEP-TI-2002." in receipt
    assert f"http://localhost{at(play)}" in receipt
    assert "it is not the amount that was asked" in written["We are paying £0.01 back: Pay your deposit"]
    assert "Your bank did not make the payment" in written["Your payment did not go through: Pay your deposit"]
