"""Pushes to phones and browsers, against stand-ins of the push services: sealed, retried, wanted."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import http_ece
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from sqlalchemy import select

from flows import settings as settings_room
from flows.access import instance_to_read, read_as
from flows.actions import accounts, choosing, devices, noticing
from flows.actions.tidying import forget_the_past
from flows.clock import clock
from flows.models import Device, Effect, SignIn, User
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import Busy, Invalid, Refused
from flows.settings import Settings, SettingsError
from flows.work import end_reading, unit_of_work
from messaging import pushing
from messaging.outbox import deliver
from tests.guided.conftest import Play
from tests.messaging.conftest import effect
from tests.messaging.test_guided import play
from tests.messaging.test_webhooks import Listener, listener
from tests.world import World

__all__ = ["listener", "play"]  # fixtures

pytestmark = pytest.mark.requirement("C52")


@dataclass
class Browser:
    """What a browser knows of its subscription: the key that opens what is pushed to it."""

    key: ec.EllipticCurvePrivateKey
    auth: bytes
    endpoint: str

    @property
    def keys(self) -> dict[str, str]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"p256dh": text(point), "auth": text(self.auth)}

    def opens(self, content: bytes) -> dict[str, Any]:
        return dict(json.loads(http_ece.decrypt(content, private_key=self.key, auth_secret=self.auth)))


def text(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def signed_in(actor: Actor) -> Actor:
    """The same person through a session of theirs."""
    with unit_of_work(accounts.NOBODY) as work:
        user = work.session.get_one(User, actor.user_id)
        return accounts.open_sign_in(work, user, accounts.Device(address="127.0.0.1"), both_proved=True).actor


@pytest.fixture
def browser(world: World, listener: Listener) -> Browser:
    listener.body = b""
    listener.status = 201
    return Browser(ec.generate_private_key(ec.SECP256R1()), b"s" * 16, listener.url)


def register(actor: Actor, browser: Browser, installation: str = "web-1") -> None:
    with unit_of_work(actor) as work:
        devices.register(work, installation, provider="webpush", address=browser.endpoint, keys=browser.keys)


@pytest.fixture
def tenant(world: World, browser: Browser) -> Actor:
    """Priya, whose browser gets pushes."""
    actor = signed_in(world.tenant)
    register(actor, browser)
    return actor


def pushes() -> list[int]:
    end_reading()
    return list(read_as(SYSTEM).scalars(select(Effect.id).where(Effect.kind == "push").order_by(Effect.id)))


def told(actor: Actor, kind: str = "progress") -> int:
    """Something is said to them; the push that is owed."""
    with unit_of_work(SYSTEM) as work:
        noticing.tell(work, [actor.user_id or 0], kind, "Gus Agent commented on Move-in", "Read it", url="/tasks/TI-1")
    return pushes()[-1]


def registered() -> list[Device]:
    end_reading()
    return list(read_as(SYSTEM).scalars(select(Device).order_by(Device.id)))


# --- Web Push ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("C52", "A9")
def test_a_push_says_a_kind_a_reference_and_a_link_to_that_browser_alone(
    tenant: Actor, browser: Browser, listener: Listener, play: Play, settings: Settings
) -> None:
    play.start(message="Private words of Gus")
    [owed] = pushes()
    assert deliver(owed)
    [(headers, content)] = listener.got
    said = browser.opens(content)
    assert {name: said[name] for name in ("type", "title", "reference", "url")} == {
        "type": "task-waiting", "title": "A task is waiting for you", "reference": "TI-2001",
        "url": "http://localhost/tasks/TI-2001",
    }  # fmt: skip
    everything = json.dumps(said) + json.dumps(headers)
    assert not [word for word in ("Priya", "Gus", "Private", "Move-in", "@example.com") if word in everything]
    token, _, key = headers["Authorization"].removeprefix("vapid t=").partition(", k=")
    assert key == pushing.public_key()
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), pushing._unbase64(key))
    claims = jwt.decode(token, point, ["ES256"], audience=listener.url.removesuffix("/provision"))
    assert claims["sub"] == f"mailto:{settings.support_email}"
    assert headers["Content-Encoding"] == "aes128gcm"
    assert effect(owed).state == "done"


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_removed(tenant: Actor, listener: Listener, status: int) -> None:
    owed = told(tenant)
    listener.status = status
    assert not deliver(owed)
    assert (effect(owed).state, registered()) == ("skipped", [])
    assert "no more" in effect(owed).skip_reason


def test_a_service_that_is_away_is_tried_again_and_a_mistake_of_ours_is_an_incident(
    tenant: Actor, listener: Listener, move_clock: Callable[..., Any]
) -> None:
    later, refused = told(tenant), told(tenant)
    listener.status, listener.headers = 503, {"Retry-After": "60"}
    assert not deliver(later)
    assert (effect(later).state, effect(later).tries) == ("pending", 1)
    move_clock(seconds=61)
    listener.status, listener.headers = 201, {}
    assert deliver(later)
    listener.status = 403
    assert not deliver(refused)
    assert effect(refused).state == "incident"
    assert len(registered()) == 1


@pytest.mark.parametrize("endpoint", ["https://10.0.0.1/push", "https://169.254.169.254/latest", "https://[::1]/x"])
def test_no_push_is_a_way_inside(world: World, browser: Browser, listener: Listener, endpoint: str) -> None:
    actor = signed_in(world.tenant)
    register(actor, replace(browser, endpoint=endpoint))
    owed = told(actor)
    assert not deliver(owed)
    assert (effect(owed).state, registered(), listener.got) == ("skipped", [], [])


# --- wanted, and by whom ----------------------------------------------------------------------------------------


def test_what_was_turned_off_or_muted_is_owed_to_nobody(tenant: Actor, play: Play) -> None:
    play.start()
    assert len(pushes()) == 1
    with unit_of_work(tenant) as work:
        choosing.choose(work, {"mail": [], "push": ["progress"]})
    told(tenant, "reminder")
    assert len(pushes()) == 1
    with unit_of_work(tenant) as work:
        choosing.choose(work, {"mail": [], "push": ["outcome"]})
        choosing.mute(work, instance_to_read(tenant, play.ref))
    play.through()
    play.conclude()
    assert len(pushes()) == 1


def test_in_quiet_hours_and_once_read_nothing_is_pushed(
    tenant: Actor, listener: Listener, move_clock: Callable[..., Any]
) -> None:
    with unit_of_work(tenant) as work:
        choosing.choose(work, {"mail": [], "push": ["progress"]}, "09:00", "11:00")
    owed = told(tenant)
    assert not deliver(owed)
    assert effect(owed).next_at.hour == 11
    with unit_of_work(tenant) as work:
        noticing.see(work, [effect(owed).payload["notice"]])
    move_clock(hours=2)
    assert not deliver(owed)
    assert effect(owed).skip_reason == "It was read before it was pushed"
    assert listener.got == []


def test_who_signed_out_gets_no_push(tenant: Actor, listener: Listener) -> None:
    owed = told(tenant)
    with unit_of_work(tenant) as work:
        accounts.sign_out(work)
    assert not deliver(owed)
    assert effect(owed).skip_reason == "This device is signed out"
    before = pushes()
    with unit_of_work(SYSTEM) as work:
        noticing.tell(work, [tenant.user_id or 0], "progress", "More")
    assert pushes() == before
    assert listener.got == []


def test_what_is_signed_out_is_forgotten_a_day_later(tenant: Actor, move_clock: Callable[..., Any]) -> None:
    with unit_of_work(tenant) as work:
        accounts.sign_out(work)
    with unit_of_work(SYSTEM) as work:
        work.session.get_one(SignIn, tenant.session_id).revoked_at = clock.wall() - timedelta(hours=25)
    with unit_of_work(SYSTEM) as work:
        forget_the_past(work)
    assert registered() == []


def test_a_browser_that_changes_hands_is_theirs_no_more(tenant: Actor, world: World, browser: Browser) -> None:
    other = signed_in(world.buyer)
    register(other, browser)
    [device] = registered()
    assert device.user_id == other.user_id
    register(other, browser)
    assert len(registered()) == 1


def test_what_a_device_gives_is_checked(world: World, browser: Browser) -> None:
    actor = signed_in(world.tenant)
    for endpoint, keys, wrong in (
        ("http://push.example/x", browser.keys, ["/token/endpoint"]),
        ("https://a@b.example/x", {"p256dh": "x", "auth": ""},
         ["/token/endpoint", "/token/keys/p256dh", "/token/keys/auth"]),
        ("", browser.keys, ["/token"]),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused, unit_of_work(actor) as work:
            devices.register(work, "web-1", provider="webpush", address=endpoint, keys=keys)
        assert [problem.pointer for problem in refused.value.problems] == wrong
    with pytest.raises(Invalid, match="BATON_FCM_ACCOUNT is empty"), unit_of_work(actor) as work:
        devices.register(work, "phone", provider="fcm", address="token")
    with pytest.raises(Refused), unit_of_work(world.tenant) as work:
        devices.register(work, "web-1", provider="webpush", address=browser.endpoint, keys=browser.keys)


def test_nobody_keeps_more_devices_than_people_have(
    world: World, browser: Browser, move_clock: Callable[..., Any]
) -> None:
    actor = signed_in(world.tenant)
    for n in range(devices.MOST_DEVICES + 2):
        move_clock(seconds=1)
        register(actor, replace(browser, endpoint=f"{browser.endpoint}/{n}"), f"web-{n}")
    names = [device.installation_id for device in registered()]
    assert len(names) == devices.MOST_DEVICES
    assert {"web-0", "web-1"} & {*names} == set()


def test_a_test_push_is_counted(tenant: Actor, browser: Browser, listener: Listener) -> None:
    with unit_of_work(tenant) as work:
        devices.test(work, "web-1")
    assert deliver(pushes()[-1])
    assert browser.opens(listener.got[-1][1])["title"] == "Pushes reach this device"
    for _ in range(devices.MOST_TESTS_AN_HOUR - 1):
        with unit_of_work(tenant) as work:
            devices.test(work, "web-1")
    with pytest.raises(Busy), unit_of_work(tenant) as work:
        devices.test(work, "web-1")
    with pytest.raises(Refused), unit_of_work(tenant) as work:
        devices.test(work, "nobody")


# --- FCM --------------------------------------------------------------------------------------------------------


@pytest.fixture
def phone(world: World, settings: Settings, listener: Listener, tmp_path: Path) -> Iterator[Actor]:
    """Priya's phone; both Google's sign-in and FCM are the listener."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    base = listener.url.removesuffix("/provision")
    account = {"project_id": "northgate", "client_email": "push@northgate.example", "private_key": key.decode(),
               "token_uri": f"{base}/token"}  # fmt: skip
    file = tmp_path / "account.json"
    file.write_text(json.dumps(account))
    settings_room.use(replace(settings, fcm_account=str(file), fcm_url=base))
    listener.body = json.dumps({"access_token": "at_google", "expires_in": 3600}).encode()
    pushing._tokens.clear()
    actor = signed_in(world.tenant)
    with unit_of_work(actor) as work:
        devices.register(work, "phone", provider="fcm", address="fcm-token", language="cy")
    yield actor
    settings_room.use(settings)


def test_a_phone_is_pushed_to_through_fcm(phone: Actor, listener: Listener) -> None:
    assert deliver(told(phone))
    assert deliver(told(phone))
    (asked, _), (headers, content), _second = listener.got
    assert len(listener.got) == 3, "the access token is asked for once"
    assert asked["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["Authorization"] == "Bearer at_google"
    message = json.loads(content)["message"]
    assert message["token"] == "fcm-token"
    assert message["notification"] == {"title": "Newyddion am eich ceisiadau", "body": ""}
    assert message["data"]["url"] == "http://localhost/tasks/TI-1"
    assert all(isinstance(value, str) for value in message["data"].values())
    assert "Gus" not in content.decode()


def test_a_phone_that_fcm_knows_no_more_is_removed(phone: Actor, listener: Listener) -> None:
    assert deliver(told(phone))
    owed = told(phone)
    listener.status = 404
    listener.body = json.dumps({"error": {"status": "NOT_FOUND", "details": [{"errorCode": "UNREGISTERED"}]}}).encode()
    assert not deliver(owed)
    assert (effect(owed).state, registered()) == ("skipped", [])


@pytest.mark.parametrize(
    ("status", "state"), [(400, "incident"), (401, "pending"), (403, "incident"), (503, "pending")]
)
def test_what_else_fcm_answers_keeps_the_phone(phone: Actor, listener: Listener, status: int, state: str) -> None:
    assert deliver(told(phone))
    owed = told(phone)
    listener.status, listener.body = status, b'{"error": {"status": "SOMETHING"}}'
    assert not deliver(owed)
    assert (effect(owed).state, len(registered())) == (state, 1)


def test_an_account_that_is_none_stops_the_start(tmp_path: Path) -> None:
    for content in ("", "{}", "[]"):
        (tmp_path / "account.json").write_text(content)
        with pytest.raises(SettingsError, match="BATON_FCM_ACCOUNT"):
            Settings.from_env({"BATON_FCM_ACCOUNT": str(tmp_path / "account.json")})
    with pytest.raises(SettingsError, match="BATON_VAPID_KEY"):
        Settings.from_env({"BATON_VAPID_KEY": "short"})


def test_the_key_of_web_push_is_made_once_and_kept(settings: Settings) -> None:
    assert settings.vapid() == settings.vapid()
    assert (settings.folder / "vapid.key").stat().st_mode & 0o777 == 0o600
    given = replace(settings, vapid_key=text(b"k" * 32))
    assert given.vapid() == text(b"k" * 32)
