"""Doors for other systems: a provider calls back once a product is set up, or a payment has come or not (A32, X22)."""

from __future__ import annotations

import json
from typing import NamedTuple

from flask import Blueprint, current_app, request
from werkzeug.wrappers import Response

from flows.access import clean
from flows.actions import ordering
from flows.rules.actors import SYSTEM
from flows.rules.errors import Refused
from flows.rules.signatures import verify
from flows.work import unit_of_work
from messaging.payments import desk
from messaging.payments.provider import BadSignature, Unreadable
from portal.api import problems
from portal.may import may

pages = Blueprint("hooks", __name__, url_prefix="/hooks")


MOST_OF_STRIPE = 256 * 1024
"""Bytes; their events have a few thousand."""


class Told(NamedTuple):
    """Which line is set up, and what the provider calls it."""

    line: str
    reference: str


@pages.post("/provisioning")
@may("public")
def provisioned() -> Response:
    """`{"line", "reference"}`, signed like our own webhooks: the line is set up. Said again, it changes nothing."""
    body = request.get_data()
    if not verify(request.headers.get("Baton-Signature", ""), body, current_app.config["BATON"].webhook_key()):
        return problems.answer("unauthenticated", "The signature is missing, wrong or older than 5 minutes")
    told = _read(body)
    if told is None:
        return problems.answer("malformed", "Send a JSON object with `line` and `reference`, both text")
    try:
        with unit_of_work(SYSTEM) as work:
            ordering.line_answered(work, told.line, 200, {"reference": told.reference})
    except Refused as refused:
        return problems.answer(refused.code, refused.detail)
    return Response(status=204)


@pages.post("/stripe")
@may("public")
def stripe_called() -> Response:
    """An event of Stripe, signed by it. Said again it changes nothing; 404 for a payment that is none of ours."""
    if not current_app.config["BATON"].takes_cards:
        return problems.answer("not-found", "Nobody pays by card here")
    request.max_content_length = MOST_OF_STRIPE
    body, signature = request.get_data(), request.headers.get("Stripe-Signature", "")
    try:
        said = desk.stripe().hear(body, signature)
        if said is not None:
            desk.told(said)
    except BadSignature as forged:
        return problems.answer("unauthenticated", str(forged))
    except Unreadable as strange:
        return problems.answer("malformed", str(strange))
    except Refused as refused:
        return problems.answer(refused.code, refused.detail)
    return Response(status=204)


def _read(body: bytes) -> Told | None:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    line, reference = said.get("line"), said.get("reference", "")
    return Told(clean(line), clean(reference)) if isinstance(line, str) and isinstance(reference, str) else None
