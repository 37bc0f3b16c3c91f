"""Customers are found by the words of their names, emails, addresses and numbers, alike on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import delete, func, select

from flows.access import read_as
from flows.clock import clock
from flows.models import Membership, Organisation, SearchWord, User
from flows.models.search import digits_of, words_of
from flows.queries import instances, search, tenants
from flows.queries.instances import Filters
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import Refused
from flows.work import end_reading, unit_of_work
from tests.queries.conftest import Made
from tests.world import World

People = Callable[..., str]


@pytest.mark.requirement("C16")
@pytest.mark.parametrize(("text", "words"), [
    ("Zoë O'Brien", ["zoe", "obrien"]),
    ("ZOE O’BRIEN", ["zoe", "obrien"]),
    ("Łukasz Sørensen Ærø", ["lukasz", "sorensen", "aero"]),
    ("Straße 12a", ["strasse", "12a"]),
    ("Smith-Jones", ["smith", "jones"]),
    ("z.brien@mail.example", ["z.brien@mail.example", "z", "brien", "mail", "example"]),
    ("Lane, lane; LANE", ["lane"]),
    ("% _ ' \"", ["_"]),
    ("x" * 100, ["x" * 64]),
    ("東京 Ａ１", ["東京", "a1"]),
    ("", []),
])  # fmt: skip
def test_a_text_has_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_text_has_no_more_words_than_are_kept() -> None:
    assert len(words_of(" ".join(f"w{n}" for n in range(500)))) == 60


@pytest.mark.parametrize(("text", "digits"), [
    ("+44 7700 900123", "447700900123"), ("07700 900123", "7700900123"), ("0044 (7700) 900-123", "447700900123"),
    ("12 34", ""), ("12 Mill Lane", ""), ("", ""), ("1" * 41, ""), ("000000", ""),
])  # fmt: skip
def test_a_number_is_one_word(text: str, digits: str) -> None:
    assert digits_of(text) == digits


def refs(actor: Actor, text: str) -> set[str]:
    end_reading()
    filters = Filters(found=search.instances_meant(actor, text))
    listed = instances.listed(actor, clock.now(), filters)
    end_reading()
    counted = read_as(actor).scalars(instances.fitting(actor, clock.now(), filters)).all()
    assert {one.reference for one in counted} == {one.reference for one in listed.rows}, "counted as it is listed"
    assert len(counted) == len(listed.rows)
    return {one.reference for one in listed.rows}


ASKED = {
    "zoe": True, "ZOË": True, "zo": True, "oe": False, "zoë o'brien": True, "obrien": True, "o’br": True,
    "brien": False, "zoe smith": False, "z.obrien@mail.example": True, "z.obrien@ma": True, "mail.example": True,
    "@mail.example": False, "mill lane": True, "lane mill": True, "12 mill": True, "13 mill": False, "ls7": True,
    "LS7 2": True, "7700 900123": True, "07700 900123": True, "+44 7700 900123": True, "7700 9": False,
    "700 900123": True, "00 900123": False,
    "TI-{n}": True, "ti-{n}": True, "TI-9999": False, "%": False, "_": False, "'": False,
    "zoe%": True, "zoe\0": True, "zoe " * 3000: True, "z" * 10_000: False,
}  # fmt: skip
"""What is typed, and whether it means Zoë O'Brien, 12 Mill Lane, LS7 2AB, z.obrien@mail.example, +44 7700 900123."""


@pytest.mark.requirement("C16")
@pytest.mark.parametrize("most", [300, 0], ids=["looked up", "asked of each row"])
def test_customers_are_found_by_how_their_words_begin(
    world: World, made: Made, people: People, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """With a `most` of none every word is common, so that both ways are held against the same answers."""
    monkeypatch.setattr(search, "MOST_FOUND", most)
    zoe = people("Zoë O'Brien", "12 Mill Lane, Leeds LS7 2AB", "z.obrien@mail.example", "+44 7700 900123")
    hers, other = made(customer=zoe), made(customer="usr_priya")
    for asked, found in ASKED.items():
        shown = refs(world.agent, asked.format(n=hers.removeprefix("TI-")))
        assert (hers in shown) is found, asked
    assert refs(world.agent, "priya") == {other}
    assert refs(world.agent, "leeds") == {hers, other}
    assert refs(world.agent, "leeds zoe") == {hers}
    assert refs(world.agent, "   ") == {hers, other}, "an empty search asks nothing"


@pytest.mark.requirement("C16")
@pytest.mark.parametrize("most", [300, 0])
def test_people_find_what_is_theirs_and_what_their_organisation_has(
    world: World, made: Made, people: People, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(search, "MOST_FOUND", most)
    for_acme = made(customer="usr_bea", home="cus_acme", customer_name="Acme Ltd")
    of_acme = made(customer="usr_anna")
    assert refs(world.agent, "bea") == {for_acme}, "she is no member of Acme, but it is hers"
    assert refs(world.agent, "anna") == {for_acme, of_acme}, "she is a member of Acme"
    assert refs(world.agent, "acme") == {for_acme, of_acme}
    assert refs(world.agent, "bea acme") == set(), "no one organisation or person has both words"


def test_many_customers_are_found_as_few_are(
    world: World, made: Made, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = {made(customer=people(f"Quill Number{n}")) for n in range(4)}
    made(customer="usr_priya")
    assert refs(world.agent, "quill") == mine
    monkeypatch.setattr(search, "MOST_BRANCHES", 0)
    assert refs(world.agent, "quill") == mine


def words_kept() -> dict[str, int]:
    end_reading()
    query = select(SearchWord.word, func.count()).where(SearchWord.word.startswith("quill")).group_by(SearchWord.word)
    return {row[0]: row[1] for row in read_as(SYSTEM).execute(query)}


def test_words_follow_their_rows(world: World, people: People) -> None:
    uid = people("Quill", "!!!")
    assert words_kept() == {"quill": 2}, "of the household and of the person"
    with unit_of_work(SYSTEM) as work:
        person = work.session.scalars(select(User).where(User.uid == uid)).one()
        person.name, person.phone = "Quillon Quill-Quill", "12345"
    assert words_kept() == {"quill": 2, "quillon": 1}
    with unit_of_work(SYSTEM) as work:
        work.session.scalars(select(Organisation).where(Organisation.name == "Quill")).one().name = "—"
    assert words_kept() == {"quill": 1, "quillon": 1}, "a name without words has none"
    with unit_of_work(SYSTEM) as work:
        work.session.execute(delete(Membership).where(Membership.user_id == work.session.scalars(
            select(User.id).where(User.uid == uid)).one()))  # fmt: skip
        work.session.delete(work.session.scalars(select(User).where(User.uid == uid)).one())
    assert words_kept() == {}


@pytest.mark.requirement("C25")
def test_tenants_are_found_for_a_new_instance(world: World, made: Made, people: People) -> None:
    people("Zoë O'Brien", "12 Mill Lane, Leeds LS7 2AB", "z.obrien@mail.example", "+44 7700 900123")
    going = made(customer="usr_priya", status="in_progress")
    made(customer="usr_priya", status="completed")
    made(flow="coro-order-fulfilment", customer="usr_priya")

    def names(text: str) -> list[str]:
        return [f"{one.name}, {one.organisation}" for one in tenants.found(world.agent, text, "", clock.now())]

    for text in ("zoe", "z.obrien@mail", "12 mill lane ls7", "07700 900123", "zoë leeds"):
        assert names(text) == ["Zoë O'Brien, Zoë O'Brien"], text
    assert names("anna") == ["Anna Acme, Acme Ltd"]
    assert names("acme") == ["Anna Acme, Acme Ltd", "Acme Ltd, Acme Ltd"], "by the name of the organisation"
    assert names("ada") == [], "colleagues are no customers"
    assert names("") == names("%") == []
    (priya,) = tenants.found(world.agent, "priya", "tenant-onboarding", clock.now())
    assert priya.open == (going,)
    assert tenants.found(world.agent, "priya", "", clock.now())[0].open == ()
    with pytest.raises(Refused):
        tenants.found(world.buyer, "priya", "", clock.now())


def test_a_person_who_may_not_sign_in_is_no_tenant(world: World, people: People) -> None:
    uid = people("Quill")
    assert len(tenants.found(world.agent, "quill", "", clock.now())) == 1
    with unit_of_work(SYSTEM) as work:
        work.session.scalars(select(User).where(User.uid == uid)).one().is_active = False
    assert tenants.found(world.agent, "quill", "", clock.now()) == []


def test_searching_costs_one_statement_and_tenants_three(
    world: World, made: Made, count_statements: Callable[[], list[str]]
) -> None:
    made()
    counted = count_statements()
    search.instances_meant(world.agent, "priya shah mill lane leeds ls1")
    assert len(counted) == 1
    counted = count_statements()
    assert tenants.found(world.agent, "priya", "tenant-onboarding", clock.now())
    assert len(counted) == 3
    counted = count_statements()
    assert search.instances_meant(world.agent, "TI-2001") == search.Found(number=1)
    assert len(counted) == 0
