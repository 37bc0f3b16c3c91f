"""Asks a lookup for a list or for one value: capped, and whatever happens on the other side it ends in an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from flows import catalogue
from flows.access import clean
from flows.catalogue.registry import LookupSpec
from flows.log import Log
from flows.lookups import people
from flows.lookups.agreements import AgreementTable
from flows.lookups.people import DEPARTMENTS, PEOPLE
from flows.lookups.places import Place
from flows.plugin import About, Option, PassingFault, PermanentFault
from flows.ports import AgreementSearch, outside_agreements
from flows.rules.answers import Unavailable

log = Log(__name__)

T = TypeVar("T")
MOST_OPTIONS = 20
LONGEST_QUERY = 100
LONGEST_VALUE = 200


@dataclass(frozen=True)
class Found:
    """At most 20 options; `more` when there are others that a better search would find."""

    options: tuple[Option, ...]
    more: bool = False


@dataclass(frozen=True)
class _Context:
    """`flows.plugin.LookupContext` for one question."""

    session: Session
    place: Place
    chosen: frozenset[str]

    @property
    def now(self) -> datetime:
        return self.place.now

    @property
    def zone(self) -> str:
        return self.place.zone

    @property
    def instance(self) -> About | None:
        return self.place.about

    @property
    def agreements(self) -> AgreementSearch:
        return outside_agreements() or AgreementTable(self.session)


def search(session: Session, place: Place, source: str, query: str = "", within: str | None = None) -> Found:
    """What fits a query, the best first; raises Unavailable when the source cannot be asked now.

    `within` narrows people to a department; None does not.
    """
    words, most = clean(query).strip()[:LONGEST_QUERY], MOST_OPTIONS + 1
    if source == PEOPLE:
        options = people.people(session, words, most, within, place.names_emails)
    elif source == DEPARTMENTS:
        options = people.departments(session, words, most)
    else:
        spec, context = _spec(source), _context(session, place, source)
        options = _asked(source, lambda: _only_options(spec.search(context, words)))
    return Found(tuple(options[:MOST_OPTIONS]), len(options) > MOST_OPTIONS)


def one(session: Session, place: Place, source: str, value: str, within: str | None = None) -> Option | None:
    """The option with this value, None when it may not be chosen; raises Unavailable as `search` does."""
    if len(value) > LONGEST_VALUE:
        return None
    value = clean(value)
    if source == PEOPLE:
        return people.person(session, value, within, place.names_emails)
    if source == DEPARTMENTS:
        return people.department(session, value)
    spec, context = _spec(source), _context(session, place, source)
    if spec.one is not None:
        find = spec.one
        found = _asked(source, lambda: _only_options([find(context, value)]))
        return found[0] if found else None
    options = _asked(source, lambda: _only_options(spec.search(context, value)))
    return next((option for option in options if option.value == value), None)


def _context(session: Session, place: Place, source: str) -> _Context:
    return _Context(session, place, place.chosen.get(source, frozenset()))


def _spec(source: str) -> LookupSpec:
    spec = catalogue.current().lookup(source)
    if spec is None:
        log.error("lookup_missing", lookup=source)
        raise Unavailable(f"No plugin brings the lookup {source}")
    return spec


def _only_options(given: Iterable[Option | None]) -> list[Option]:
    """What a plugin gave, without None; TypeError when it is something else."""
    options = [option for option in given if option is not None]
    if not all(isinstance(option, Option) for option in options):
        raise TypeError("a lookup gives options")
    return options


def _asked(source: str, ask: Callable[[], T]) -> T:
    try:
        return ask()
    except SQLAlchemyError:
        raise  # the database, not the plugin: that is 503 for the whole page
    except (PassingFault, PermanentFault) as fault:
        log.warning("lookup_away", lookup=source, detail=fault.detail)
        raise Unavailable(fault.detail) from fault
    except Exception as fault:
        log.exception("lookup_failed", lookup=source)
        raise Unavailable(f"{source} failed") from fault
