"""What a person chose is judged as a mail goes out: turned off, muted, quiet hours, and turning off from the mail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from flows.access import instance_to_read, read_as
from flows.actions import choosing
from flows.actions.owing import owe_mail
from flows.models import AuditEntry, Instance, Mute, User
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import Invalid, Refused
from flows.rules.notices import KINDS
from flows.settings import Settings
from flows.work import unit_of_work
from messaging import posting, wanting
from messaging.outbox import deliver
from tests.guided.conftest import Play
from tests.messaging.conftest import Owe, effect, mails, part
from tests.messaging.test_guided import play
from tests.world import World

__all__ = ["play"]  # a fixture

ALL = [kind.name for kind in KINDS.values()]


def choose(actor: Actor, mail: list[str], quiet: tuple[str, str] = ("", "")) -> None:
    with unit_of_work(actor) as work:
        choosing.choose(work, {"mail": mail, "push": []}, *quiet)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_may_be_turned_off_says_how_and_what_may_not_says_why(owe: Owe, settings: Settings, world: World) -> None:
    assert deliver(owe(kind="progress"))
    [optional] = mails(settings)
    link = str(optional["List-Unsubscribe"]).strip(" <>")
    assert optional["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert wanting.opened(link.rpartition("/")[2]) == ("usr_bea", KINDS["progress"])
    assert f"Turn emails like this off: {link}" in part(optional, "plain")
    assert link in part(optional, "html")
    assert deliver(owe(kind="order"))
    mandatory = next(mail for mail in mails(settings) if mail["Message-ID"] != optional["Message-ID"])
    assert mandatory["List-Unsubscribe"] is None
    assert "so it always comes" in part(mandatory, "plain")


def test_a_mail_that_was_turned_off_is_set_aside_and_says_so(owe: Owe, settings: Settings, world: World) -> None:
    choose(world.buyer, [])
    unwanted, always = owe(kind="progress"), owe(kind="order")
    assert [deliver(unwanted), deliver(always)] == [False, True]
    assert effect(unwanted).state == "skipped"
    assert "turned off mail" in effect(unwanted).skip_reason
    assert len(mails(settings)) == 1


def test_over_twenty_what_may_be_turned_off_is_set_aside_not_lost(owe: Owe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "MOST_A_DAY", 1)
    assert deliver(owe())
    over, always = owe(kind="progress"), owe()
    assert [deliver(over), deliver(always)] == [False, False]
    assert (effect(over).state, effect(always).state) == ("skipped", "incident")
    assert "the most for one day" in effect(over).skip_reason


def test_in_quiet_hours_what_may_wait_waits(owe: Owe, world: World, move_clock: Callable[..., Any]) -> None:
    choose(world.buyer, [*ALL[:1], "progress"], ("09:00", "12:00"))
    waiting, at_once = owe(kind="progress"), owe(kind="order")
    assert [deliver(waiting), deliver(at_once)] == [False, True]
    row = effect(waiting)
    assert (row.state, row.tries, row.next_at) == ("pending", 0, datetime(2026, 11, 2, 12, 0, tzinfo=UTC))
    move_clock(to=row.next_at)
    assert deliver(waiting)


def test_a_muted_request_sends_what_always_comes_alone(
    play: Play, world: World, move_clock: Callable[..., Any]
) -> None:
    play.start()
    with unit_of_work(world.tenant) as work:
        choosing.mute(work, instance_to_read(world.tenant, play.ref), until=work.now.replace(hour=12))
    with unit_of_work(SYSTEM) as work:
        instance = work.session.scalars(select(Instance)).one()
        words = {"url": "", "sender": "Gus", "message": "Hello"}
        for kind in ("progress", "task-waiting"):
            owe_mail(
                work, key=kind, template="case-question", kind=kind, to=world.tenant.user_id, scope=words,
                subject=instance,
            )  # fmt: skip
        work.session.flush()
    ids = read_as(SYSTEM).execute(select(posting.Effect.key, posting.Effect.id)).all()
    by_key = {key: row_id for key, row_id in ids}  # noqa: C416  # rows are no pairs for mypy
    assert [deliver(by_key["progress"]), deliver(by_key["task-waiting"])] == [False, True]
    assert effect(by_key["progress"]).skip_reason == "Priya Shah has muted this request"
    move_clock(hours=3)
    with unit_of_work(SYSTEM) as work:
        owe_mail(
            work, key="later", template="case-question", kind="progress", to=world.tenant.user_id, scope=words,
            subject=work.session.scalars(select(Instance)).one(),
        )  # fmt: skip
    later = read_as(SYSTEM).scalars(select(posting.Effect.id).where(posting.Effect.key == "later")).one()
    assert deliver(later), "it was muted until noon"


def test_who_may_mute_what(play: Play, world: World) -> None:
    play.start()
    with pytest.raises(Refused), unit_of_work(world.stranger) as work:
        choosing.mute(work, instance_to_read(world.stranger, play.ref))
    with unit_of_work(world.tenant) as work:
        instance = instance_to_read(world.tenant, play.ref)
        with pytest.raises(Invalid, match="that is to come"):
            choosing.mute(work, instance, until=work.now)
        choosing.mute(work, instance)
        choosing.mute(work, instance)
    with unit_of_work(world.tenant) as work:
        choosing.unmute(work, instance_to_read(world.tenant, play.ref))
    assert read_as(SYSTEM).scalars(select(Mute)).all() == []


def test_choices_are_checked_and_kept_in_the_audit(world: World) -> None:
    with pytest.raises(Invalid) as wrong, unit_of_work(world.buyer) as work:
        choosing.choose(work, {"mail": ["progress", "spam"], "push": ["assigned"]}, "25:00", "")
    pointers = [problem.pointer for problem in wrong.value.problems]
    assert pointers == ["/quiet_from", "/quiet_to", "/mail/1", "/push/0"]
    choose(world.buyer, ["progress"])
    assert read_as(SYSTEM).scalars(select(AuditEntry.kind)).all()[-1] == "notice_choices_changed"
    with pytest.raises(Refused), unit_of_work(SYSTEM) as work:
        choosing.choose(work, {})


def test_a_link_turns_off_one_kind_of_one_person(world: World) -> None:
    token = wanting.turn_off_address("usr_bea", "progress").rpartition("/")[2]
    found = wanting.opened(token)
    assert found is not None
    for _ in range(2):
        with unit_of_work(SYSTEM) as work:
            choosing.turn_off(work, *found)
    people = {user.uid: user.notice_choices for user in read_as(SYSTEM).scalars(select(User))}
    assert people.pop("usr_bea") == {"off": ["mail progress"]}
    assert set(map(str, people.values())) == {"{}"}
    for broken in ("", "x", token[:-1], token + "x", token.replace(".", "", 1)):
        assert wanting.opened(broken) is None
    with pytest.raises(Refused), unit_of_work(SYSTEM) as work:
        choosing.turn_off(work, "usr_bea", KINDS["order"])
