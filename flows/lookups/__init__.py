"""Choosing from what a form does not hold itself: plugins' lookups, people, departments, agreements. It only reads."""

from flows.lookups.agreements import AgreementTable
from flows.lookups.asking import MOST_OPTIONS, Found, one, search
from flows.lookups.people import DEPARTMENTS, PEOPLE, context_of
from flows.lookups.places import Place, place_of, source_of, values_of

__all__ = [
    "DEPARTMENTS", "MOST_OPTIONS", "PEOPLE", "AgreementTable", "Found", "Place", "context_of", "one", "place_of",
    "search", "source_of", "values_of",
]  # fmt: skip
