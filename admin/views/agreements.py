"""Agreements as they were imported, and which instance each is linked to (C41)."""

from __future__ import annotations

from typing import Any

from flask import g
from werkzeug.wrappers import Response

from admin.guard import door
from admin.sheets import Narrowing, Sheet
from admin.showing import Tag, show
from flows.models import Agreement
from flows.ports import outside_agreements
from flows.queries import agreements
from flows.rules.answers.dates import long_date
from flows.rules.words import money_in_words

NARROWINGS = {
    "state": Narrowing(
        "State",
        {"waiting": "Not begun", "running": "Running"},
        lambda word: Agreement.activated_at.is_(None) if word == "waiting" else Agreement.activated_at.is_not(None),
    ),
}


class Agreements(Sheet):
    name, slug, needs = "Agreements", "agreements", "view"
    table = Agreement
    search_words = "Number, address or tenant"
    column_list = ("number", "tenant_name", "address", "rent_minor", "starts_on", "activated_at")
    column_labels = {  # noqa: RUF012  # Flask-Admin's own idiom
        "tenant_name": "Tenant",
        "rent_minor": "Rent a month",
        "starts_on": "From",
        "activated_at": "State",
    }
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
                return Tag("Running", "ok") if row.activated_at else Tag("Not begun", "plain")
            case "rent_minor":
                return "" if row.rent_minor is None else money_in_words(row.rent_minor, row.currency)
            case "starts_on":
                return long_date(row.starts_on) if row.starts_on else ""
        return super().cell(row, column)

    @door("/<uid>", needs="view")
    def one(self, uid: str) -> Response:
        agreement, linked = agreements.agreement(g.actor, uid)
        return show(self, "agreement.html", agreement=agreement, linked=linked, cell=self.cell, day=long_date)
