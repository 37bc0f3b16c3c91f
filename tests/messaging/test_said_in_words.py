"""What effects tell people says answers as the help of a step does; what machines get stays as it is (X23)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from flows.access import read_as
from flows.actions import acting
from flows.models import Effect, Message
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from flows.work import end_reading
from tests.guided.conftest import Play
from tests.messaging.conftest import part
from tests.messaging.test_guided import act, plain, play, sent
from tests.messaging.test_in_their_language import reads_welsh, told

__all__ = ["play"]
pytestmark = [pytest.mark.requirement("X23", "X20"), pytest.mark.parametrize("database", ["sqlite"])]
SEEN = {
    "seen_since": "2026-11-10",
    "child": False,
    "heating": "broken",
    "rooms": [{"room": "bathroom", "size": 4}, {"room": "bedroom"}],
    "rent": 123_450,
    "who": "usr_gus",
    "code": "4711",
}


@pytest.fixture
def looked(play: Play) -> Play:
    play.start("inspection", inputs={"move_in": "2026-12-01"})
    play.submit("look", SEEN)
    return play


def begun(play: Play) -> str:
    return f"{play.now().created_at.day} {play.now().created_at:%B %Y}"


def test_a_mail_says_answers_in_words(looked: Play, settings: Settings, database: str) -> None:
    mail = sent(settings)
    assert mail["Subject"] == "Not *working* since 10 November 2026"
    text = plain(mail)
    assert "Child: No. Rooms: Bathroom, 4; Bedroom. Rent: £1,234.50. Twice: 246900. Code: ••••••." in text
    assert "Heating: Not *working*. Move: 1 December 2026. Begun " in text
    assert f"{begun(looked)}, " in text
    assert "<em>" not in part(mail, "html")


def test_a_notice_says_them(looked: Play, database: str) -> None:
    text, _link = told(looked.world, "tenant")[-1]
    assert text.startswith("Since 10 November 2026, No, Bathroom, 4; Bedroom, Not *working*, ••••••, begun ")
    assert begun(looked) in text


def test_a_message_says_them_too(looked: Play, database: str) -> None:
    end_reading()
    said = read_as(SYSTEM).scalars(select(Message.text).order_by(Message.id)).all()
    assert said[-1] == "No, Bathroom, 4; Bedroom, Not *working*, 10 November 2026, Gus Agent"


def test_a_message_is_in_the_language_of_whoever_acts_for_the_customer(play: Play, database: str) -> None:
    reads_welsh(play.world, "tenant")
    play.start("inspection", inputs={"move_in": "2026-12-01"})
    play.submit("look", SEEN)
    end_reading()
    said = read_as(SYSTEM).scalars(select(Message.text).order_by(Message.id)).all()
    assert said[-1] == "Na, Bathroom, 4; Bedroom, Not *working*, 10 Tachwedd 2026, Gus Agent"
    assert told(play.world, "tenant")[-1][0].startswith("Since 10 Tachwedd 2026, Na, ")


def test_a_webhook_goes_on_getting_plain_values(looked: Play, database: str) -> None:
    end_reading()
    hook = read_as(SYSTEM).scalars(select(Effect).where(Effect.kind == "webhook")).one()
    rooms = [{"room": "bathroom", "size": 4}, {"room": "bedroom", "size": None}]
    assert hook.payload["body"] == {"since": "2026-11-10", "child": False, "rooms": rooms}


def test_a_notice_says_what_the_dialog_of_an_action_asked(play: Play, database: str) -> None:
    play.start("visit", inputs={})
    act(play, acting.act, "plan", comment="Ring twice", asked={"day": "2026-12-01", "lift": "no"})
    assert told(play.world, "tenant")[-1][0] == "We come on 1 December 2026, lift: No, Ring twice"
