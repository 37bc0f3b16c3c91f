"""Preferences, muted requests and devices through the API (P14, C52)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flows.rules.actors import Actor
from tests.api.conftest import Phone, order_coro, task_of
from tests.world import World

PATH = "/me/notification_preferences"


def test_preferences_are_read_and_chosen_anew(buyer: Phone) -> None:
    first = buyer.get(PATH).json
    said = {one["kind"]: (one["mail"], one["push"]) for one in first["kinds"]}
    assert said["task-waiting"] == ("always", "on")
    assert said["unread-daily"] == ("on", "never")
    wanted = {"mail": ["progress"], "push": ["message"], "quiet_from": "22:00", "quiet_to": "07:00"}
    answer = buyer.send("PUT", PATH, wanted)
    assert answer.status_code == 200
    assert answer.json == buyer.get(PATH).json
    said = {one["kind"]: (one["mail"], one["push"]) for one in answer.json["kinds"]}
    assert said["task-waiting"] == ("always", "off")
    assert said["unread-daily"] == ("off", "never")
    assert said["progress"] == ("on", "off")
    assert (answer.json["quiet_from"], answer.json["quiet_to"]) == ("22:00", "07:00")


def test_each_thing_wrong_is_named_by_its_place(buyer: Phone) -> None:
    answer = buyer.send("PUT", PATH, {"mail": ["spam"], "push": ["review-waiting"], "quiet_from": "7", "quiet_to": ""})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [
        "#/quiet_from", "#/quiet_to", "#/mail/0", "#/push/0",
    ]  # fmt: skip


def test_staff_have_their_own_kinds(signed_in: Callable[[Actor], Phone], world: World) -> None:
    kinds = {one["kind"] for one in signed_in(world.agent).get(PATH).json["kinds"]}
    assert {"assigned", "review-waiting", "message"} <= kinds
    assert "order" not in kinds


def test_a_request_is_muted_by_those_who_may_see_it(
    buyer: Phone, signed_in: Callable[[Actor], Phone], world: World
) -> None:
    task = task_of(order_coro(buyer, world))
    assert buyer.send("PUT", f"/instances/{task}/mute", {"muted": True}).json == {"muted": True, "until": None}
    assert buyer.get(PATH).json["muted"] == [task]
    past = buyer.send("PUT", f"/instances/{task}/mute", {"muted": True, "until": "2026-01-01T00:00:00Z"})
    assert past.json["errors"][0]["pointer"] == "#/until"
    assert buyer.send("PUT", f"/instances/{task}/mute", {"muted": False}).json["muted"] is False
    assert buyer.get(PATH).json["muted"] == []
    stranger = signed_in(world.stranger)
    assert stranger.send("PUT", f"/instances/{task}/mute", {"muted": True}).status_code == 404


def test_a_notification_says_its_kind(buyer: Phone, world: World) -> None:
    order_coro(buyer, world)
    kinds = {one["kind"] for one in buyer.get("/notifications").json["data"]}
    assert kinds == {"order", "task-waiting"}


SUBSCRIPTION = {
    "endpoint": "https://push.example/send/abc",
    "keys": {"p256dh": "B" + "A" * 86, "auth": "A" * 22},
    "expirationTime": None,
}


@pytest.mark.requirement("C52")
def test_a_device_is_registered_renewed_and_taken_off(buyer: Phone) -> None:
    body = {"platform": "web", "provider": "webpush", "token": SUBSCRIPTION, "locale": "cy", "permission": "granted"}
    first = buyer.send("PUT", "/devices/5f0c", body)
    assert first.status_code == 200, first.text
    assert (first.json["enabled"], first.json["name"]) == (True, "web")
    assert buyer.send("PUT", "/devices/5f0c", body).json["id"] == first.json["id"]
    assert buyer.send("POST", "/devices/5f0c/test").status_code == 202
    assert buyer.send("POST", "/devices/other/test").status_code == 404
    assert buyer.send("PUT", "/devices/5f0c", {**body, "permission": "denied"}).json["enabled"] is False
    assert buyer.send("POST", "/devices/5f0c/test").status_code == 404
    assert [buyer.send("DELETE", "/devices/5f0c").status_code for _ in range(2)] == [204, 204]


@pytest.mark.requirement("C52")
def test_what_is_wrong_with_a_device_is_named_by_its_place(buyer: Phone) -> None:
    web = {"platform": "web", "provider": "webpush", "token": {**SUBSCRIPTION, "keys": {"auth": "x"}}}
    places = [error["pointer"] for error in buyer.send("PUT", "/devices/1", web).json["errors"]]
    assert places == ["#/token/keys/p256dh", "#/token/keys/auth"]
    app = {"platform": "ios", "provider": "fcm", "token": "abc"}
    assert buyer.send("PUT", "/devices/1", app).json["errors"][0]["pointer"] == "#/provider"
    assert buyer.send("PUT", "/devices/1", {**app, "token": SUBSCRIPTION}).json["errors"][0]["pointer"] == "#/token"
    assert buyer.send("PUT", f"/devices/{'x' * 81}", app).status_code == 422


def test_nobody_takes_off_the_device_of_another(
    buyer: Phone, signed_in: Callable[[Actor], Phone], world: World
) -> None:
    body = {"platform": "web", "provider": "webpush", "token": SUBSCRIPTION}
    device = buyer.send("PUT", "/devices/5f0c", body).json
    stranger = signed_in(world.stranger)
    assert stranger.send("DELETE", f"/devices/{device['id']}").status_code == 204
    assert stranger.send("POST", "/devices/5f0c/test").status_code == 404
    assert buyer.send("POST", "/devices/5f0c/test").status_code == 202
