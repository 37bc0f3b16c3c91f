"""Products, basket and checkout through the pages, as they work without JavaScript."""

from __future__ import annotations

import pytest
from flask import Flask

from flows import access
from flows.models import Instance, Order
from flows.rules.actors import SYSTEM
from tests.browser_tools import HtmlFacts
from tests.portal.browsing import Visitor, bare
from tests.portal.story import order_through_pages, put_in_basket, rows
from tests.world import World


def test_products_say_their_price_and_what_is_asked_afterwards(buyer: Visitor) -> None:
    page = buyer.get("/shop")
    assert "Coro Essentials" in page
    assert "£16.60" in page
    assert page.count("Needs extra details after ordering") == 1, "only Coro asks for details"
    assert "Managed hosting" not in buyer.get("/shop?q=coro")
    assert "Coro Essentials" not in buyer.get("/shop?vendor=Microsoft")
    assert "No product fits" in buyer.get("/shop?q=%25_nothing")


def test_quantities_that_cannot_be_ordered_are_refused_beside_the_product(buyer: Visitor, world: World) -> None:
    for wrong in ("0", "1000000", "-3", "ten", "", "9" * 40):
        answer = buyer.post("/basket", product=world.coro, quantity=wrong, **{"from": "shop"})
        assert answer.status_code == 422
        assert "Enter a quantity from 1 to 10,000" in answer.text
        assert HtmlFacts(answer.text).problems() == []
    assert "Your basket is empty" in buyer.get("/basket")
    assert buyer.post("/basket", product=world.coro, quantity="10,000").status_code == 303


def test_unknown_products_are_refused(buyer: Visitor) -> None:
    for product in ("prd_nothing", "", "\x00", "x" * 500):
        answer = buyer.post("/basket", product=product, quantity="1")
        assert answer.status_code == 422
        assert "This product is not on sale" in answer.text


def test_the_basket_is_changed_and_emptied(buyer: Visitor, world: World) -> None:
    put_in_basket(buyer, world.coro, "3")
    put_in_basket(buyer, world.coro, "5")
    assert "£35.00" in buyer.get("/basket")
    buyer.post("/basket", product=world.coro, _action="remove")
    assert "Your basket is empty" in buyer.get("/basket")
    assert buyer.client.get("/checkout").location == "/basket"


@pytest.mark.requirement("A2", "A3", "A4", "A13", "A34")
def test_an_order_is_placed_first_and_asked_for_details_afterwards(buyer: Visitor, world: World) -> None:
    put_in_basket(buyer, world.coro, "10")
    put_in_basket(buyer, world.microsoft, "5")
    page = buyer.get("/checkout")
    assert "£153.00" in page
    assert "Required: Company Name, Domain Name, Admin Email." in page
    assert "the whole order is cancelled" in page
    assert "company_name" not in page, "checkout is not interrupted by the details"
    placed = buyer.send("/checkout", customer_id=world.acme)
    assert (placed.status_code, placed.location) == (303, "/orders/1001/placed")
    page = buyer.get(placed.location)
    assert "Reference <strong>#1001</strong>" in page
    assert "We need more information to finish this order" in page
    assert "Monday 9 November" in page
    assert "View your outstanding tasks" in page
    assert rows(Order)[0].state == "awaiting_details"
    assert [task.status for task in rows(Instance)] == ["not_started"]
    assert "Your basket is empty" in buyer.get("/basket")


@pytest.mark.requirement("A13")
def test_the_notice_is_on_every_page_until_it_is_seen(buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro)
    for path in ("/", "/shop", "/tasks", "/orders", "/contact", "/settings/profile"):
        assert "View your outstanding tasks" in buyer.get(path)
    (notice,) = [part.split("/")[0] for part in buyer.get("/contact").split("/notices/")[1:] if part.startswith("ntf_")]
    assert buyer.post(f"/notices/{notice}/seen", fragment=True).status_code == 204
    assert "View your outstanding tasks" not in buyer.get("/contact")
    assert "You have an outstanding task" in buyer.get("/notices")


def test_a_notice_of_someone_else_stays(buyer: Visitor, stranger: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro)
    uid = buyer.get("/contact").split("/notices/ntf_")[1].split("/")[0]
    stranger.post(f"/notices/ntf_{uid}/seen")
    assert "View your outstanding tasks" in buyer.get("/contact")


@pytest.mark.requirement("A12")
def test_a_microsoft_only_order_is_being_set_up_at_once(buyer: Visitor, world: World) -> None:
    page = buyer.get(order_through_pages(buyer, world, world.microsoft))
    assert "Being set up" in page
    assert "need more information" not in page
    assert rows(Instance) == []


def test_pressing_twice_places_one_order(buyer: Visitor, world: World) -> None:
    put_in_basket(buyer, world.coro, "1")
    fields = {"customer_id": world.acme, "expected_total": "700", "_key": "the-same-page"}
    first, second = buyer.post("/checkout", **fields), buyer.post("/checkout", **fields)
    assert first.location == second.location == "/orders/1001/placed"
    assert len(rows(Order)) == 1


def test_a_price_that_changed_is_shown_before_anything_is_ordered(buyer: Visitor, world: World) -> None:
    put_in_basket(buyer, world.coro, "2")
    for total in ("700", "", "abc"):
        answer = buyer.post("/checkout", customer_id=world.acme, expected_total=total)
        assert answer.status_code == 422
        assert "The price has changed" in answer.text
    assert rows(Order) == []


def test_nobody_orders_for_other_peoples_customers(buyer: Visitor, world: World) -> None:
    put_in_basket(buyer, world.coro, "1")
    foreign = buyer.post("/checkout", customer_id=world.rival_customer, expected_total="700")
    missing = buyer.post("/checkout", customer_id="cus_nothing", expected_total="700")
    assert foreign.status_code == missing.status_code == 422
    assert bare(foreign.text) == bare(missing.text)
    assert "Gamma" not in buyer.get("/checkout")


@pytest.mark.requirement("A20", "A35")
def test_a_reseller_adds_a_customer_at_checkout(buyer: Visitor, world: World) -> None:
    put_in_basket(buyer, world.coro, "1")
    added = buyer.send("/checkout", "/checkout/customers", name="<b>Delta</b> & Co", address="1 High Street")
    assert added.status_code == 303
    page = buyer.get(added.location)
    assert "&lt;b&gt;Delta&lt;/b&gt; &amp; Co" in page
    assert "<b>Delta" not in page
    assert "Enter the customer&#39;s name" in buyer.send("/checkout", "/checkout/customers", name=" ").text
    customer = added.location.partition("customer=")[2]
    assert buyer.send("/checkout", customer_id=customer).location == "/orders/1001/placed"


def test_a_member_of_the_end_customer_has_no_choice_to_make(app: Flask, world: World) -> None:
    anna = Visitor(app, world.acme_owner)
    put_in_basket(anna, world.microsoft, "1")
    page = anna.get("/checkout")
    assert "Add a customer" not in page
    assert anna.send("/checkout").location == "/orders/1001/placed"
    assert access.order_to_read(SYSTEM, "1001").customer_name == "Acme Ltd"
