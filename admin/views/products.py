"""Products: what is for sale, at which price, and which flows an order of it starts (A8)."""

from __future__ import annotations

from typing import Any

from flask import g
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response

from admin.asking import Field, Question, ask
from admin.guard import door
from admin.sheets import Narrowing, Sheet
from admin.showing import Tag, show
from flows.access import clean, read_as
from flows.actions import products
from flows.actions.changing import fingerprint, values_of
from flows.models import Product
from flows.models.orders import PROVIDERS
from flows.queries.orders import flows_started_by
from flows.rules.answers.numbers import money_text
from flows.rules.errors import Refused
from flows.rules.words import money_in_words
from flows.words import gettext as _

PROVIDER_WORDS = {"manual": _l("By hand"), "webhook": _l("Webhook")}

LABELS = {
    "name": _l("Name"), "vendor": _l("Vendor"), "sku": _l("SKU"), "price_minor": _l("Price"),
    "provider": _l("Provider"), "starts": _l("Starts flows"), "is_active": _l("On sale"),
}  # fmt: skip
NARROWINGS = {
    "sale": Narrowing(
        _l("On sale"),
        {"yes": _l("On sale"), "no": _l("Not on sale")},
        lambda word: Product.is_active.is_(word == "yes"),
    ),
    "provider": Narrowing(_l("Provider"), PROVIDER_WORDS, lambda word: Product.provider == word),
}
BY_VENDOR = [("vendor", False), ("name", False), ("id", False)]


class Products(Sheet):
    name, slug, needs = _l("Products"), "products", "view"
    table = Product
    new_words, new_needs = _l("New product"), "orders"
    search_words = _l("Name, vendor or SKU")
    column_list = ("name", "vendor", "sku", "price_minor", "provider", "starts", "is_active")
    column_labels = LABELS
    column_sortable_list = ("name", "vendor", "sku", "price_minor")
    column_searchable_list = ("name", "vendor", "sku")
    column_default_sort = BY_VENDOR
    narrowings = NARROWINGS

    def cell(self, row: Product, column: str) -> Any:
        match column:
            case "price_minor":
                return f"{money_in_words(row.price_minor, row.currency)} {row.unit}"
            case "provider":
                return PROVIDER_WORDS[row.provider]
            case "starts":
                return ", ".join(flows_started_by(row)) or None
            case "is_active":
                return Tag(_("On sale"), "ok") if row.is_active else Tag(_("Not on sale"), "plain")
        return super().cell(row, column)

    @door("/new", needs="orders", methods=("GET", "POST"))
    def add(self) -> Response:
        question = Question(
            _("New product"), f"{self.url}/", _("Add product"), fields=_fields(None), done=_("The product is there.")
        )

        def act(work: Any, typed: Any) -> str:
            return f"{self.url}/{products.add(work, typed).uid}"

        return ask(self, question, act)

    @door("/<uid>", needs="view")
    def one(self, uid: str) -> Response:
        product = _product(uid)
        return show(
            self,
            "product.html",
            product=product,
            starts=flows_started_by(product),
            money=money_in_words,
            provider=PROVIDER_WORDS[product.provider],
        )

    @door("/<uid>/edit", needs="orders", methods=("GET", "POST"))
    def edit(self, uid: str) -> Response:
        product = _product(uid)
        question = Question(
            _("Change %(name)s", name=product.name),
            f"{self.url}/{product.uid}",
            _("Save"),
            fields=_fields(product),
            done=_("Saved."),
            text=_("Orders that were placed before keep their price."),
            seen=fingerprint(values_of(product, products.FIELDS)),
        )
        return ask(self, question, lambda work, typed: _amend(work, uid, typed))


def _amend(work: Any, uid: str, typed: Any) -> None:
    products.amend(work, uid, typed, typed["seen"])


def _product(uid: str) -> Product:
    found = read_as(g.actor).scalar(select(Product).where(Product.uid == clean(uid)))
    if found is None:
        raise Refused(_("No such product"))
    return found


def _fields(product: Product | None) -> tuple[Field, ...]:
    one = product or Product(
        sku="",
        vendor="",
        name="",
        summary="",
        currency="GBP",
        unit="user per month",
        provider="manual",
        is_active=True,
    )
    price = money_text(one.price_minor) if product is not None else ""
    return (
        Field("name", _("Name"), value=one.name),
        Field(
            "vendor", _("Vendor"), value=one.vendor, width="w-m", hint=_("Flows start by it, so write it as they do")
        ),
        Field("sku", "SKU", value=one.sku, width="w-m"),
        Field("summary", _("Summary"), "textarea", one.summary, optional=True),
        Field("price", _("Price"), value=price, width="w-m", hint=_("Such as 16.60")),
        Field("currency", _("Currency"), "select", one.currency, options={code: code for code in products.CURRENCIES}),
        Field("unit", _("Price is per"), value=one.unit, width="w-m"),
        Field(
            "provider", _("Set up"), "radios", one.provider, options={name: PROVIDER_WORDS[name] for name in PROVIDERS}
        ),
        Field("is_active", _("On sale"), "checkbox", one.is_active, optional=True),
    )
