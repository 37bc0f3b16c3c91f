"""Every "no" of the API as a problem document (RFC 9457, API.md 7.7), and what its help page says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson
from flask import Response, current_app, g

from flows.rules.errors import BatonError, Problem
from flows.words import N_, retold

MIMETYPE = "application/problem+json"


class Slug(NamedTuple):
    """One kind of refusal: its status, its title, and what a developer does about it; both in English."""

    status: int
    title: str
    cure: str


SLUGS = {
    "malformed": Slug(
        400,
        N_("The request cannot be read"),
        N_(
            "Send UTF-8 JSON without duplicate keys, NaN, or more than 50 levels, and a header only where it is asked "
            "for."
        ),
    ),
    "cursor-mismatch": Slug(
        400,
        N_("This cursor belongs to another list"),
        N_("Use a cursor only with the parameters it came with. Start again without one."),
    ),
    "idempotency-key-missing": Slug(
        400,
        N_("An Idempotency-Key is needed"),
        N_("Make a UUID when the person presses the button and send it with every attempt."),
    ),
    "unauthenticated": Slug(
        401, N_("Sign in first"), N_("Send `Authorization: Bearer at_...` with a token from POST /auth/token.")
    ),
    "token-expired": Slug(
        401, N_("The access token has run out"), N_("Get a new one: POST /auth/token with grant_type refresh_token.")
    ),
    "refresh-reused": Slug(
        401,
        N_("An old refresh token was used again"),
        N_("The device was signed out for safety. Ask the person to sign in."),
    ),
    "code-invalid": Slug(
        401, N_("The code is wrong or too old"), N_("Check the code, or ask for a new one with POST /auth/code.")
    ),
    "second-factor-needed": Slug(
        401,
        N_("The second factor is missing"),
        N_("Send the same again with the authenticator's code in `second_factor`."),
    ),
    "second-factor-invalid": Slug(
        401,
        N_("The code of the authenticator is wrong or was used"),
        N_("Each code works once. Ask for the next one and send it in `second_factor`."),
    ),
    "enrolment-needed": Slug(
        403,
        N_("A second factor has to be set up first"),
        N_("Staff set it up in a browser, at the address in the detail; then sign in with its code."),
    ),
    "forbidden": Slug(
        403, N_("You may not do this"), N_("The thing is yours to see, but this action is not. See allowed_actions.")
    ),
    "not-found": Slug(404, N_("Not found"), N_("It is not there, or not yours to see. Both look the same.")),
    "sync-cursor-expired": Slug(
        410, N_("Start a full sync"), N_("Drop what you keep of this person, and ask again without a cursor.")
    ),
    "method-not-allowed": Slug(405, N_("Not with this method"), N_("Use one of the methods in the Allow header.")),
    "step-locked": Slug(
        409, N_("This step cannot start yet"), N_("Another step comes first. Fetch the instance again.")
    ),
    "instance-closed": Slug(409, N_("This task has ended"), N_("Show what the detail says: when it ended and how.")),
    "conversation-closed": Slug(
        409,
        N_("The conversation is closed"),
        N_("Show the detail: it says why and since when. What was said stays readable."),
    ),
    "open-steps": Slug(
        409, N_("There are steps to do first"), N_("Fetch the steps again; the detail names those still open.")
    ),
    "already-submitted": Slug(
        409, N_("These answers were sent already"), N_("Fetch the step again and show what was sent.")
    ),
    "payment-needed": Slug(
        409, N_("This step is done by paying"), N_("POST .../payment, and open redirect_url in a browser.")
    ),
    "payment-pending": Slug(
        409,
        N_("A payment is on its way"),
        N_("Show that it is being confirmed. Fetch the payment again; do not pay again."),
    ),
    "idempotency-in-progress": Slug(
        409, N_("The same request is still running"), N_("Wait for Retry-After and send it again with the same key.")
    ),
    "invalid-transition": Slug(
        409, N_("Not possible in this state"), N_("Fetch it again; allowed_actions say what is possible now.")
    ),
    "stale-version": Slug(
        412, N_("It has changed since you looked"), N_("Fetch it again, show what is new, and send with the new ETag.")
    ),
    "precondition-required": Slug(428, N_("If-Match is needed"), N_("Send the ETag of what you saw in If-Match.")),
    "upload-too-large": Slug(
        413,
        N_("The request is too large"),
        N_("A JSON body may have 1 MB; for a file see limits.upload_mb of GET /meta."),
    ),
    "upload-type": Slug(
        415,
        N_("This kind of body or file is not taken"),
        N_(
            "Set Content-Type: application/json; a file goes as multipart/form-data. Show the detail of a refused file."
        ),
    ),
    "upload-not-ready": Slug(
        409, N_("The file is still being checked"), N_("Ask for its state, and again in a moment.")
    ),
    "upload-refused": Slug(
        422, N_("The file was refused"), N_("Show the detail: it names the file, what is wrong with it, and the cure.")
    ),
    "validation": Slug(
        422, N_("There is a problem"), N_("errors[] names each place by JSON pointer and says the cure.")
    ),
    "idempotency-mismatch": Slug(
        422,
        N_("This key was used for another request"),
        N_("A key belongs to one request. Make a new key for a new one."),
    ),
    "app-too-old": Slug(
        426,
        N_("This version of the app is too old"),
        N_("Ask the person to update, to `min_version`, from one of `stores`."),
    ),
    "rate-limited": Slug(429, N_("Too many requests"), N_("Wait for Retry-After seconds.")),
    "internal": Slug(500, N_("Something went wrong on our side"), N_("Try again. Tell us the request id if it stays.")),
    "unavailable": Slug(
        503, N_("Not available right now"), N_("Nothing saved is lost. Try again after Retry-After seconds.")
    ),
}
STATUS_TO_SLUG = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "upload-too-large",
    415: "upload-type",
    429: "rate-limited",
}


class Declined(BatonError):
    """A refusal that only HTTP knows: no key, no precondition, no JSON."""

    def __init__(self, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail, code)
        self.status = SLUGS[code].status
        self.headers = dict(headers or {})


def document(
    code: str, detail: str, errors: Iterable[Problem] = (), status: int | None = None, **more: Any
) -> dict[str, Any]:
    """The body of one problem; `status` only for a slug of ours that is not in the table."""
    slug = SLUGS.get(code) or Slug(status or 400, detail, "")
    return {
        "type": f"{current_app.config['BATON'].origin}/problems/{code}",
        "title": retold(slug.title),
        "status": slug.status,
        "detail": detail,
        "instance": f"urn:request:{g.get('request_id', '')}",
        "code": code,
        "errors": [{"pointer": e.pointer, "code": e.code, "detail": e.detail, "meta": dict(e.meta)} for e in errors],
        **more,
    }


def answer(
    code: str, detail: str, errors: Iterable[Problem] = (), headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """One problem as an answer; 401 says how to sign in."""
    body = document(code, detail, errors, **more)
    response = Response(orjson.dumps(body), body["status"], dict(headers or {}), MIMETYPE)
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
