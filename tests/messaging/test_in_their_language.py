"""Everybody is told in their own language: inbox, mails, and the history that both read (X23)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from flows import access
from flows.access import read_as
from flows.actions import amending, beginning, rating, versions
from flows.actions.beginning import Wish
from flows.models import Membership, Notice, Organisation, User
from flows.queries import timeline
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from flows.words import spoken
from flows.work import end_reading, unit_of_work
from tests.guided.conftest import Play
from tests.messaging.conftest import part
from tests.messaging.test_guided import act, plain, play, sent
from tests.messaging.test_notify import place
from tests.world import World

__all__ = ["play"]
pytestmark = [pytest.mark.requirement("X23"), pytest.mark.parametrize("database", ["sqlite"])]


def reads_welsh(world: World, name: str) -> None:
    with unit_of_work(SYSTEM) as work:
        work.session.get_one(User, world.user_ids[name]).language = "cy"


def lives_with_carl(world: World) -> None:
    with unit_of_work(SYSTEM) as work:
        home = work.session.query(Organisation).filter_by(uid=world.household).one()
        carl = world.user_ids["colleague"]
        work.session.add(Membership(user_id=carl, organisation_id=home.id, role="member", created_at=work.now))


def ask_more(play: Play) -> None:
    with unit_of_work(play.world.admin) as work:
        instance = access.instance_to_change(work, play.ref)
        amending.add_field(work, instance, access.step_of(instance, "identity"), {"type": "text", "label": "Shoe size"})


def told(world: World, name: str) -> list[tuple[str, str]]:
    """Words and link of everything in somebody's inbox."""
    end_reading()
    mine = select(Notice).where(Notice.user_id == world.user_ids[name]).order_by(Notice.id)
    return [(one.text, one.link_text) for one in read_as(SYSTEM).scalars(mine)]


def test_two_people_of_one_household_are_told_each_in_their_own(play: Play, database: str) -> None:
    reads_welsh(play.world, "tenant")
    lives_with_carl(play.world)
    with unit_of_work(play.world.agent) as work:
        wish = Wish(inputs={"rent": 100_000}, amounts={"deposit": 45_000})
        instance = beginning.start_by_staff(work, "tenant-onboarding", play.world.household, wish)
        work.session.flush()
        play.ref = instance.reference
    ask_more(play)
    assert told(play.world, "tenant")[-1] == ("Mae gennym un cwestiwn arall yn “Pwy ydych chi”", "Ei ateb")
    assert told(play.world, "colleague")[-1] == ("We have one more question in “Who you are”", "Answer it")


def test_whoever_acts_has_their_own_language_and_decides_nobody_elses(play: Play, database: str) -> None:
    reads_welsh(play.world, "tenant")
    play.start(assignee="usr_gus")
    play.through()
    play.conclude()
    with spoken("cy"):
        act(play, rating.rate, 4, "Quick and kind", by=play.world.tenant)
    assert told(play.world, "agent")[-1] == ("Priya Shah rated Move-in 4 of 5: “Quick and kind”", "Look at it")


def test_an_order_is_confirmed_in_welsh_with_its_day(world: World, settings: Settings, database: str) -> None:
    reads_welsh(world, "buyer")
    order = place(world, world.hosting)
    assert told(world, "buyer") == [(f"Mae eich archeb {order.reference} wedi cyrraedd", "Gweld eich archeb")]
    assert "a osodwyd ar dydd" in plain(sent(settings))


def test_a_mail_names_the_flow_and_its_steps_in_welsh(play: Play, settings: Settings, database: str) -> None:
    reads_welsh(play.world, "tenant")
    play.start("tenant-onboarding", amounts={"deposit": 45_000})
    mail = sent(settings)
    assert mail["Subject"].startswith("Angen gweithredu: Symud i mewn erbyn dydd ")
    assert "Y cam cyntaf yw Pwy ydych chi" in plain(mail)
    assert "Rydych yn cael yr e-bost hwn oherwydd Symud i mewn" in part(mail, "plain")


def test_a_history_is_read_by_each_in_their_own_language(play: Play, database: str) -> None:
    play.start("tenant-onboarding", amounts={"deposit": 45_000})
    play.assign("usr_gus", note="Please look")
    ask_more(play)

    def history(language: str) -> list[str]:
        with spoken(language):
            return [entry.sentence for entry in timeline.of_instance(play.world.admin, play.now())]

    english, welsh = history("en"), history("cy")
    assert "Who you are: question added, Shoe size" in english
    assert "Pwy ydych chi: ychwanegwyd cwestiwn, Shoe size" in welsh
    assert "Aseiniwyd i Gus Agent. Please look" in welsh
    assert not {*english} & {*welsh}


def test_the_title_of_a_step_that_is_gone_stays_as_it_was(play: Play, database: str) -> None:
    play.start("tenant-onboarding", amounts={"deposit": 45_000})
    with spoken("cy"):
        session = read_as(SYSTEM)
        assert versions.step_said_of(session, play.now(), "identity") == "Pwy ydych chi"
        assert versions.step_said_of(session, play.now(), "gone", "The old step") == "The old step"
