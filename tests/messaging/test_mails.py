"""Owed mails on their way out: to files and to a real SMTP server that refuses, hesitates and hangs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask

from flows.actions import delivering
from flows.catalogue.registry import MailTemplate
from flows.models import Effect, User
from flows.rules.actors import SYSTEM
from flows.settings import Settings, SettingsError
from flows.work import unit_of_work
from messaging import letters, mailing, posting
from messaging.outbox import deliver
from tests.messaging.conftest import Owe, effect, mails, part
from tests.messaging.waiting import free_port
from tests.world import World


class Postman:
    """A mail server that answers as it is told and keeps what it took."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.pause = 0.0
        self.taken: list[bytes] = []

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        answer = self.answers.get(address, self.answers.get("*", "250 OK"))
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        await asyncio.sleep(self.pause)
        self.taken.append(envelope.content)
        return "250 taken"


def use_smtp(app: Flask, port: int, timeout: float = 5) -> None:
    app.config.update(mailing.smtp_from(f"smtp://127.0.0.1:{port}?timeout={timeout}"))
    mailing.Mail(app)


@pytest.fixture
def postman(app: Flask) -> Iterator[Postman]:
    handler = Postman()
    server = Controller(handler, hostname="127.0.0.1", port=free_port())
    server.start()
    use_smtp(app, server.port)
    yield handler
    server.stop()


def change_user(user_id: int, **values: Any) -> None:
    with unit_of_work(SYSTEM) as work:
        user = work.session.get_one(User, user_id)
        for name, value in values.items():
            setattr(user, name, value)


@pytest.mark.requirement("A9")
def test_a_mail_is_one_readable_file(owe: Owe, settings: Settings) -> None:
    owed = owe()
    assert deliver(owed)
    [mail] = mails(settings)
    assert mail["To"] == "Bea Buyer <bea@example.com>"
    assert mail["Subject"] == "Your order #1001 is complete"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Reply-To"] == settings.support_email
    assert "See your order: http://localhost/orders/1001" in part(mail, "plain")
    assert f"You can reply: your answer reaches {settings.support_email}." in part(mail, "plain")
    assert '<a href="http://localhost/orders/1001">See your order</a>' in part(mail, "html")
    assert effect(owed).state == "done"
    assert not list((settings.folder / "mail").glob(".*"))


@pytest.mark.requirement("X36")
def test_the_same_effect_again_has_the_same_message_id_and_replaces_its_file(owe: Owe, settings: Settings) -> None:
    owed = owe(key="same")
    deliver(owed)
    [first] = mails(settings)
    with unit_of_work(SYSTEM) as work:
        row = work.session.get_one(Effect, owed)
        row.state, row.next_at = "pending", work.now
    assert deliver(owed)
    [second] = mails(settings)
    assert first["Message-ID"] == second["Message-ID"] == mailing.message_id("same", settings.mail_from)


def test_what_is_done_is_not_done_again(owe: Owe, settings: Settings) -> None:
    owed = owe()
    assert deliver(owed)
    assert not deliver(owed)
    assert len(mails(settings)) == 1


def test_what_another_worker_holds_is_left_alone(owe: Owe, settings: Settings) -> None:
    owed = owe()
    with unit_of_work(SYSTEM) as work:
        assert delivering.begin(work, owed) is not None
    assert not deliver(owed)
    assert mails(settings) == []


@pytest.mark.requirement("A9")
def test_smtp_takes_text_and_html(owe: Owe, postman: Postman) -> None:
    assert deliver(owe())
    [content] = postman.taken
    assert b"Message-ID: <" in content
    assert b"multipart/alternative" in content


@pytest.mark.requirement("X36")
@pytest.mark.parametrize(("answer", "state"), [("451 later", "pending"), ("550 no such person", "incident")])
def test_4xx_passes_and_5xx_is_for_people(owe: Owe, postman: Postman, answer: str, state: str) -> None:
    postman.answers["*"] = answer
    owed = owe()
    assert not deliver(owed)
    assert effect(owed).state == state
    assert answer.split()[0] in effect(owed).last_fault


@pytest.mark.requirement("X36")
def test_a_server_that_hangs_or_is_away_passes(app: Flask, owe: Owe) -> None:
    with socket.socket() as hanging:
        hanging.bind(("127.0.0.1", 0))
        hanging.listen()
        use_smtp(app, hanging.getsockname()[1], timeout=0.2)
        hung = owe()
        assert not deliver(hung)
    use_smtp(app, free_port())
    refused = owe()
    assert not deliver(refused)
    assert (effect(hung).state, effect(refused).state) == ("pending", "pending")
    assert "cannot be reached" in effect(hung).last_fault


@pytest.mark.requirement("X36")
def test_a_poison_mail_becomes_an_incident_and_the_others_arrive(owe: Owe, postman: Postman) -> None:
    good, unknown, unfilled, last = owe(), owe("no-such-mail"), owe(scope={"order": {}}), owe()
    assert [deliver(owed) for owed in (good, unknown, unfilled, last)] == [True, False, False, True]
    assert [effect(owed).state for owed in (unknown, unfilled)] == ["incident", "incident"]
    assert len(postman.taken) == 2


@pytest.mark.requirement("X36")
def test_eight_passing_faults_make_an_incident(app: Flask, owe: Owe, move_clock: Callable[..., Any]) -> None:
    use_smtp(app, free_port())
    owed = owe()
    for _ in range(8):
        assert effect(owed).state == "pending"
        deliver(owed)
        move_clock(hours=7)
    assert effect(owed).state == "incident"
    assert effect(owed).tries == 8


@pytest.mark.requirement("A9")
@pytest.mark.parametrize("values", [{"email_verified_at": None}, {"is_active": False}])
def test_mail_goes_to_verified_people_only(owe: Owe, world: World, settings: Settings, values: dict[str, Any]) -> None:
    change_user(world.user_ids["buyer"], **values)
    owed = owe()
    assert not deliver(owed)
    assert effect(owed).state == "incident"
    assert mails(settings) == []


def test_a_bare_address_gets_only_what_proves_it(owe: Owe, settings: Settings) -> None:
    scope = {"code": "123456", "minutes": 15, "url": "http://localhost/sign-in/link/secret"}
    assert not deliver(owe(to=None, address="victim@example.com"))
    code = owe("sign-in-code", to=None, address="new@example.com", scope=scope)
    assert deliver(code)
    [mail] = mails(settings)
    assert mail["To"] == "new@example.com"
    assert "123456" in mail["Subject"]
    assert "secret" not in str(effect(code).payload), "a secret is not kept after it was sent"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_at_most_twenty_mails_a_person_and_day(owe: Owe, settings: Settings, move_clock: Callable[..., Any]) -> None:
    assert all(deliver(owe()) for _ in range(posting.MOST_A_DAY))
    over = owe()
    assert not deliver(over)
    assert effect(over).state == "incident"
    assert "20 mails" in effect(over).last_fault
    move_clock(days=1)
    assert deliver(owe())


@pytest.mark.parametrize(
    "name",
    [
        "Eve\r\nBcc: x@evil.example",
        'Eve" <x@evil.example>, "y',
        "Zoë Łukasz",
        "a@b, c@d",
        "Eve\n\nBody",
    ],
)
def test_a_name_adds_no_header_and_no_recipient(owe: Owe, world: World, postman: Postman, name: str) -> None:
    change_user(world.user_ids["buyer"], name=name)
    assert deliver(owe())
    mail = parsed(postman.taken[0])
    assert mail["Bcc"] is None
    assert [address.addr_spec for address in mail["To"].addresses] == ["bea@example.com"]


@pytest.mark.parametrize("address", ["a@b\r\nBcc: x@y", "a@b, c@d", "a b@c", "nobody", "a@b\x00c", "<a@b>"])
def test_an_address_is_one_address(owe: Owe, world: World, postman: Postman, address: str) -> None:
    scope = {"code": "123456", "minutes": 15, "url": "http://localhost/"}
    if "\0" not in address:
        owed = owe("sign-in-code", to=None, address=address, scope=scope)
        assert not deliver(owed)
        assert effect(owed).state == "incident"
    assert mailing._ADDRESS.fullmatch(address) is None
    assert postman.taken == []


def parsed(content: bytes) -> EmailMessage:
    from email import message_from_bytes, policy

    return message_from_bytes(content, policy=policy.default)  # type: ignore[return-value]


@pytest.mark.parametrize("url", ["http://mail.example", "smtp://", "smtp://host:x", "smtp://host?timeout=soon"])
def test_a_mail_url_that_cannot_be_read_stops_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match="BATON_MAIL_URL"):
        mailing.smtp_from(url)


def test_a_password_is_never_sent_in_the_clear() -> None:
    assert mailing.smtp_from("smtp://u:p@host:25")["MAIL_USE_TLS"]
    assert mailing.smtp_from("smtps://u:p@host")["MAIL_USE_SSL"]
    assert not mailing.smtp_from("smtp://localhost:25")["MAIL_USE_TLS"]
    assert mailing.smtp_from("smtp://u%40x:p%3A@host")["MAIL_USERNAME"] == "u@x"


def test_mail_is_in_the_language_of_the_reader(owe: Owe, world: World, settings: Settings) -> None:
    change_user(world.user_ids["buyer"], language="cy-GB")
    scope = {"code": "123456", "minutes": 15, "url": "http://localhost/"}
    assert deliver(owe("sign-in-code", scope=scope))
    [mail] = mails(settings)
    assert "yw eich cod" in mail["Subject"]
    assert "Gallwch ateb" in part(mail, "plain")


def test_a_mail_that_nobody_has_translated_says_that_it_is_english() -> None:
    frame = letters.Frame("Baton", "cy-GB", ("Gallwch ateb",))
    english = letters.write(MailTemplate("S", "Hello", language="en"), {}, frame).html
    assert '<html lang="cy-GB">' in english
    assert '<div class="card" lang="en"' in english
    welsh = letters.write(MailTemplate("S", "Helo", language="cy"), {}, frame).html
    assert '<div class="card" style' in welsh
