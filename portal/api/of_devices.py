"""Devices that pushes go to: the app registers itself at each launch, and takes itself off when one signs out (C52)."""

from __future__ import annotations

from flows.actions import devices
from flows.rules.errors import Invalid
from flows.words import gettext as _
from portal.api import asked, shapes
from portal.api.door import Answer, Call, operation


@operation("PUT", "/devices/<installation_id>", who="signed_in", gives=shapes.Device)
def register_device(call: Call, installation_id: str, body: asked.NewDevice) -> Answer:
    """Push to this installation from now on, or renew its token. Without permission it is taken off."""
    if len(installation_id) > 80:
        raise Invalid(_("An installation id has at most 80 characters"), "/installation_id", "too_long")
    is_browser = isinstance(body.token, asked.Subscription)
    if is_browser != (body.provider == "webpush"):
        raise Invalid(_("A browser gives its subscription, an app its token"), "/token", "invalid")
    if body.permission != "granted":
        devices.remove(call.work, installation_id)
        return Answer(
            shapes.Device(
                id="", installation_id=installation_id, provider=body.provider, name=body.name, enabled=False,
                last_seen_at=call.now,
            )
        )  # fmt: skip
    device = devices.register(
        call.work,
        installation_id,
        provider=body.provider,
        address=body.token.endpoint if isinstance(body.token, asked.Subscription) else body.token,
        keys=body.token.keys if isinstance(body.token, asked.Subscription) else {},
        name=body.name or body.platform,
        language=body.locale,
    )
    return Answer(
        shapes.Device(
            id=device.uid, installation_id=installation_id, provider=device.provider, name=device.name, enabled=True,
            last_seen_at=device.last_seen_at,
        )
    )  # fmt: skip


@operation("DELETE", "/devices/<installation_id>", who="signed_in", gives=None, status=204)
def remove_device(call: Call, installation_id: str) -> Answer:
    """Push no more to this installation; one that is not there is removed already."""
    devices.remove(call.work, installation_id)
    return Answer(None, 204)


@operation("POST", "/devices/<installation_id>/test", who="signed_in", gives=None, status=202, refusals=("not-found",))
def test_device(call: Call, installation_id: str) -> Answer:
    """Send me a push that says that pushes arrive."""
    devices.test(call.work, installation_id)
    return Answer(None, 202)
