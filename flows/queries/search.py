"""Which customers a text means: every word of it by how it begins, over organisations and their people (C16, C25).

A word that few customers have is looked up first and becomes ids. A word that many have is asked of each row instead: a
list that walks by its own order has a page of those at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, exists, literal, or_, select, union_all
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from flows import catalogue
from flows.access import clean, read_as
from flows.catalogue.translation import in_language
from flows.models import Instance, Membership, SearchWord
from flows.models.instances import instance_id_from
from flows.models.search import digits_of, words_of
from flows.rules.actors import Actor
from flows.words import USUAL, language

MOST_FOUND = 300
"""Entries of a word that are looked up; a word with more is a common one."""
MOST_BRANCHES = 40
MOST_ASKED = 6
LONGEST_TEXT = 100
AFTER_ALL = "\U0010ffff"
"""The last of all letters: the words with a beginning end before it, in the byte order of both databases."""


@dataclass(frozen=True)
class Found:
    """Whom a text means, by the rare words among its words; `common` words are still to be asked.

    `organisations` have every rare word themselves or through a member, `people` themselves, and `memberships` are
    those where the person or the organisation has each; all None when no word is rare. `number` is the row of a text
    like TI-2041.
    """

    number: int | None = None
    organisations: frozenset[int] | None = None
    people: frozenset[int] = frozenset()
    memberships: frozenset[int] = frozenset()
    common: tuple[str, ...] = ()

    def instances(self, *, on_the_way: bool = False) -> ColumnElement[bool]:
        """The instances whose organisation has every word, or whose own customer has.

        `on_the_way`: asked of rows that are found by another order anyway.
        """
        if self.number is not None:
            return Instance.id == self.number
        organisation = [_organisation_has(word, Instance.organisation_id) for word in self.common]
        person = [_person_has(word, Instance.customer_id) for word in self.common]
        if self.organisations is not None:
            columns: tuple[Any, Any] = Instance.organisation_id, Instance.customer_id
            at, customer = map(_not_by_index, columns) if on_the_way else columns
            organisation.append(at.in_(self.organisations))
            person.append(customer.in_(self.people))
        return or_(and_(*organisation), and_(*person))

    @property
    def one_by_one(self) -> list[ColumnElement[bool]] | None:
        """The few organisations and people, each by itself, so that an index gives its newest; None: they are many."""
        if self.number is not None:
            return [self.instances()]
        if self.organisations is None or len(self.organisations) + len(self.people) > MOST_BRANCHES:
            return None
        return [
            *(
                and_(Instance.organisation_id == one, *(_organisation_has(word, literal(one)) for word in self.common))
                for one in sorted(self.organisations)
            ),
            *(
                and_(Instance.customer_id == one, *(_person_has(word, literal(one)) for word in self.common))
                for one in sorted(self.people)
            ),
        ]


NOBODY = Found(organisations=frozenset())


def instances_meant(actor: Actor, text: str) -> Found | None:
    """What a search of the list means: a number, else customers; None for an empty one."""
    number = instance_id_from(clean(text).strip())
    if number is not None:
        return Found(number=number)
    return look_up(actor, text) if text.strip() else None


def look_up(actor: Actor, text: str) -> Found:
    """Whom a text means, in one statement; nobody for a text without a letter or digit."""
    words = words_asked(text)
    if not words:
        return NOBODY
    entries = read_as(actor).execute(union_all(*(_entries(number, word) for number, word in enumerate(words)))).all()
    by_word = [[entry for entry in entries if entry.number == number] for number in range(len(words))]
    rare = [found for found in by_word if len(found) <= MOST_FOUND]
    common = tuple(word for word, found in zip(words, by_word, strict=True) if len(found) > MOST_FOUND)
    if not rare:
        return Found(common=common)
    return Found(
        None,
        _in_all({entry.organisation_id or entry.at for entry in found} for found in rare) - {None},
        _in_all({entry.user_id for entry in found} for found in rare) - {None},
        _in_all({entry.membership for entry in found} for found in rare) - {None},
        common,
    )


def words_asked(text: str) -> list[str]:
    """The words of a text as they are kept: a telephone number is one of them, whatever stands between its digits."""
    text = clean(text).strip()[:LONGEST_TEXT]
    number = digits_of(text)
    return [number] if number else words_of(text)[:MOST_ASKED]


def titled(text: str) -> ColumnElement[bool]:
    """Instances by their title, as it is kept and as it reads in the reader's language (X23)."""
    registry, wanted = catalogue.current(), text.casefold()
    meant = [
        loaded.definition.title
        for loaded in (registry.flows.values() if language() != USUAL else ())
        if wanted in in_language(registry, loaded.definition, loaded.content_hash, language()).title.casefold()
    ]
    kept = Instance.title.icontains(text, autoescape=True)
    return or_(kept, Instance.title.in_(meant)) if meant else kept


# --- words ------------------------------------------------------------------------------------------------------


def _entries(number: int, word: str) -> Select[Any]:
    """Whoever has a word that begins so, with each membership it reaches; one more than is looked up."""
    reached = or_(Membership.user_id == SearchWord.user_id, Membership.organisation_id == SearchWord.organisation_id)
    some = (
        select(
            literal(number).label("number"),
            SearchWord.organisation_id,
            SearchWord.user_id,
            Membership.organisation_id.label("at"),
            Membership.id.label("membership"),
        )
        .outerjoin(Membership, reached)
        .where(*begins(word))
        .limit(MOST_FOUND + 1)
    )
    return select(some.subquery())


class _not_by_index(FunctionElement[int]):
    """A column, said so that SQLite does not choose its index: it knows no figures by which to see that this is worse.

    It would read every instance of hundreds of customers and sort them, where walking by date has a page at once.
    """

    inherit_cache = True
    type = Integer()


@compiles(_not_by_index)
def _as_it_is(element: Any, compiler: Any, **words: Any) -> str:
    return str(compiler.process(element.clauses, **words))


@compiles(_not_by_index, "sqlite")
def _with_plus(element: Any, compiler: Any, **words: Any) -> str:
    return "+" + str(compiler.process(element.clauses, **words))


def _in_all(sets: Iterable[set[Any]]) -> frozenset[Any]:
    return frozenset(set.intersection(*sets))


def begins(word: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Entries of words that begin so."""
    return SearchWord.word >= word, SearchWord.word < word + AFTER_ALL


def _has(word: str, **owner: Any) -> ColumnElement[bool]:
    """Whether `organisation_id` or `user_id` has a word that begins so; correlated."""
    whose = [getattr(SearchWord, name) == value for name, value in owner.items()]
    return exists(select(SearchWord.id).where(*whose, *begins(word)))


def _person_has(word: str, user: Any) -> ColumnElement[bool]:
    return _has(word, user_id=user)


def _organisation_has(word: str, organisation: Any) -> ColumnElement[bool]:
    """By its own words, or by those of a member."""
    of_members = (
        select(SearchWord.id)
        .join(Membership, Membership.user_id == SearchWord.user_id)
        .where(Membership.organisation_id == organisation, *begins(word))
    )
    return or_(_has(word, organisation_id=organisation), exists(of_members))
