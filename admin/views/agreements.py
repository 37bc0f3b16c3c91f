"""Agreements as they were imported, and which instance each is linked to (C41)."""

from __future__ import annotations

from typing import Any

from flask import g
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, not_, or_
from werkzeug.wrappers import Response

from admin.guard import door
from admin.sheets import Narrowing, Sheet
from admin.showing import Tag, show
from flows.clock import clock
from flows.lookups.agreements import tenancy_of
from flows.models import Agreement
from flows.ports import outside_agreements
from flows.queries import agreements
from flows.rules.words import date_in_words, money_in_words

TAGS = {"waiting": Tag(_l("Not begun")), "running": Tag(_l("Running"), "ok"), "ended": Tag(_l("Ended"), "plain")}


def _stands(word: str) -> ColumnElement[bool]:
    """`flows.ports.Tenancy.state` as a condition."""
    today = clock.now().date()
    ended = and_(Agreement.ends_on.is_not(None), Agreement.ends_on < today)
    begun = or_(
        Agreement.activated_at.is_not(None), and_(Agreement.starts_on.is_not(None), Agreement.starts_on <= today)
    )
    return {"ended": ended, "running": and_(not_(ended), begun), "waiting": and_(not_(ended), not_(begun))}[word]


NARROWINGS = {"state": Narrowing(_l("State"), {word: tag.words for word, tag in TAGS.items()}, _stands)}


LABELS = {
    "number": _l("Number"),
    "address": _l("Address"),
    "tenant_name": _l("Tenant"),
    "rent_minor": _l("Rent a month"),
    "starts_on": _l("From"),
    "activated_at": _l("State"),
}


class Agreements(Sheet):
    name, slug, needs = _l("Agreements"), "agreements", "view"
    table = Agreement
    search_words = _l("Number, address or tenant")
    column_list = ("number", "tenant_name", "address", "rent_minor", "starts_on", "activated_at")
    column_labels = LABELS
    column_sortable_list = ("number", "tenant_name", "starts_on")
    column_searchable_list = ("number", "address", "tenant_name")
    column_default_sort = "number"
    narrowings = NARROWINGS

    def is_accessible(self) -> bool:
        """Nothing is kept here where another system is asked."""
        return super().is_accessible() and outside_agreements() is None

    def cell(self, row: Agreement, column: str) -> Any:
        match column:
            case "activated_at":
                return TAGS[tenancy_of(row).state(clock.now().date())]
            case "rent_minor":
                return "" if row.rent_minor is None else money_in_words(row.rent_minor, row.currency)
            case "starts_on":
                return date_in_words(row.starts_on) if row.starts_on else ""
        return super().cell(row, column)

    @door("/<uid>", needs="view")
    def one(self, uid: str) -> Response:
        agreement, linked = agreements.agreement(g.actor, uid)
        return show(self, "agreement.html", agreement=agreement, linked=linked, cell=self.cell, day=date_in_words)
