"""What is for sale: products are added and changed by staff who see to orders; never deleted, as orders name them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from flows.access import require
from flows.actions.changing import change, flush, locked, one_of, text
from flows.models import Product
from flows.models.orders import PROVIDERS
from flows.rules.errors import Invalid, Problem
from flows.words import N_
from flows.words import gettext as _
from flows.work import Work

FIELDS = ("sku", "vendor", "name", "summary", "price_minor", "currency", "unit", "provider", "is_active")
PRICE = re.compile(r"\d{1,7}(\.\d{1,2})?", re.ASCII)
CURRENCIES = ("GBP", "EUR", "USD")


def add(work: Work, given: Mapping[str, str]) -> Product:
    """Put a product on sale. `given` is what was typed; raises Invalid with every problem (needs `orders`)."""
    require(work.actor, "orders")
    values = _checked(work, given)
    product = Product(**values)
    work.session.add(product)
    flush(work)
    work.audit("product_added", product.sku, **values)
    return product


def amend(work: Work, uid: str, given: Mapping[str, str], seen: str = "") -> Product:
    """Change a product; orders placed before keep their price. Raises Invalid, Stale (needs `orders`)."""
    require(work.actor, "orders")
    product: Product = locked(work, Product, uid, N_("No such product"))
    change(work, product, "product_changed", product.sku, _checked(work, given, product), seen)
    return product


def _checked(work: Work, given: Mapping[str, str], itself: Product | None = None) -> dict[str, Any]:
    problems: list[Problem] = []
    values: dict[str, Any] = {
        "sku": text(given, "sku", 64, problems, _("Enter the SKU, as the vendor writes it")),
        "vendor": text(given, "vendor", 80, problems, _("Enter the vendor")),
        "name": text(given, "name", 160, problems, _("Enter the name that customers read")),
        "summary": text(given, "summary", 400, problems),
        "price_minor": _price(given.get("price", ""), problems),
        "currency": one_of(given, "currency", CURRENCIES, problems),
        "unit": text(given, "unit", 40, problems, _("Enter what the price is for, such as “user per month”")),
        "provider": one_of(given, "provider", PROVIDERS, problems),
        "is_active": given.get("is_active") == "1",
    }
    twin = work.session.scalar(select(Product.id).where(Product.sku == values["sku"]))
    if twin is not None and (itself is None or twin != itself.id):
        problems.append(Problem("/sku", "taken", _("Another product has this SKU. Enter another one")))
    if problems:
        raise Invalid(problems)
    return values


def _price(typed: str, problems: list[Problem]) -> int:
    plain = re.sub(r"[\s,£$€]", "", typed)
    if not PRICE.fullmatch(plain):
        problems.append(Problem("/price", "money", _("Enter the price as an amount, like 1,200.50")))
        return 0
    return int(Decimal(plain) * 100)
