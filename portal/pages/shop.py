"""Products with their prices, and the basket (P13)."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, request
from werkzeug.wrappers import Response

from flows.actions import baskets, ordering
from flows.queries import orders
from flows.rules.errors import Invalid
from flows.words import gettext as _
from flows.work import unit_of_work
from portal.forms import text
from portal.may import may
from portal.pages.showing import show

pages = Blueprint("shop", __name__)


@pages.get("/shop")
@may("customer")
def products() -> Response:
    return _shop()


@pages.get("/basket")
@may("customer")
def basket() -> Response:
    return _basket()


@pages.post("/basket")
@may("customer")
def put() -> Response:
    """Set how many of a product are in the basket, or take it out; `from=shop` stays among the products."""
    product, in_shop = text("product"), text("from") == "shop"
    try:
        quantity = 0 if text("_action") == "remove" else _quantity()
        with unit_of_work(g.actor) as work:
            baskets.put(work, product, quantity)
    except Invalid as invalid:
        problems = {f"quantity-{product}": words for words in invalid.by_field().values()}
        return (_shop if in_shop else _basket)(problems)
    flash(_("Added to your basket.") if in_shop else _("Your basket is up to date."))
    return redirect("/shop" if in_shop else "/basket", 303)


def _quantity() -> int:
    """The quantity in the form; Invalid when it is none that can be ordered."""
    given = text("quantity").replace(",", "").replace(" ", "")
    quantity = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
    problem = ordering.quantity_problem(quantity)
    if problem is not None:
        raise Invalid([problem])
    return quantity


def _shop(problems: dict[str, str] | None = None) -> Response:
    search, vendor = request.args.get("q", ""), request.args.get("vendor", "")
    on_sale = orders.products(g.actor)
    found = orders.products(g.actor, search, vendor) if search.strip() or vendor else on_sale
    return show(
        "shop/shop.html",
        422 if problems else 200,
        products=[(product, bool(orders.flows_started_by(product))) for product in found],
        vendors=[(vendor, vendor) for vendor in sorted({product.vendor for product in on_sale})],
        basket={line.product_id: line.quantity for line in orders.basket(g.actor).lines},
        search=search,
        vendor=vendor,
        problems=problems or {},
        typed=request.form,
    )


def _basket(problems: dict[str, str] | None = None) -> Response:
    status, basket = 422 if problems else 200, orders.basket(g.actor)
    return show("shop/basket.html", status, basket=basket, problems=problems or {}, typed=request.form)
