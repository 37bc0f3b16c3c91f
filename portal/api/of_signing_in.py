"""Signing in and out with a phone: codes, tokens, sessions."""

from __future__ import annotations

from flask import request

from flows.actions import accounts
from flows.queries import sign_ins
from flows.rules.errors import Invalid, Problem
from flows.words import gettext as _
from flows.work import Work
from portal.api import asked, shapes
from portal.api.door import Answer, Call, operation

NEEDS = {"code": ("email", "code"), "password": ("email", "password"), "refresh_token": ("refresh_token",)}


@operation("POST", "/auth/code", who="public", gives=None, status=202, refusals=("rate-limited",))
def ask_for_code(call: Call, body: asked.CodeWanted) -> Answer:
    """Mail a 6-digit code to whoever has an account under this address; the answer is always the same."""
    accounts.send_code(call.work, body.email, _device(""))
    return Answer(status=202)


@operation(
    "POST",
    "/auth/token",
    who="public",
    gives=shapes.Tokens,
    refusals=(
        "code-invalid",
        "unauthenticated",
        "refresh-reused",
        "second-factor-needed",
        "second-factor-invalid",
        "enrolment-needed",
        "rate-limited",
    ),
)
def get_token(call: Call, body: asked.Grant) -> Answer:
    """Tokens for a code, a password or a refresh token; for staff with the code of their authenticator beside it."""
    missing = [name for name in NEEDS[body.grant_type] if getattr(body, name) is None]
    if missing:
        raise Invalid(
            _("The grant type %(grant_type)s needs “%(missing)s”", grant_type=body.grant_type, missing=missing[0]),
            f"/{missing[0]}",
            "required",
        )
    tokens = _tokens(call.work, body)
    if isinstance(tokens, accounts.Denied):
        return Answer(denied=(tokens.code, tokens.detail))
    user = shapes.Named(id=tokens.user.uid, name=tokens.user.name)
    return Answer(
        shapes.Tokens(
            access_token=tokens.access_token,
            expires_in=tokens.expires_in,
            refresh_token=tokens.refresh_token,
            refresh_expires_in=tokens.refresh_expires_in,
            user=user,
        ),
        headers={"Cache-Control": "no-store"},
    )


@operation("POST", "/auth/revoke", who="public", gives=None, status=204)
def revoke_token(call: Call, body: asked.Revoked) -> Answer:
    """Sign this device out; the answer is the same for a token that never was one."""
    accounts.revoke_app_tokens(call.work, body.refresh_token)
    return Answer(status=204)


@operation("POST", "/auth/password", who="signed_in", gives=None, status=204, refusals=("rate-limited",))
def change_password(call: Call, body: asked.NewPassword) -> Answer:
    """Set or change my password; every other session of mine ends."""
    denied = accounts.set_password(call.work, body.password, body.current)
    if denied is not None:  # the sign-in is good, so this is no 401: the app would sign the person out
        return Answer(denied=("validation", denied.detail, [Problem("#/current", "wrong", denied.detail)]))
    return Answer(status=204)


@operation("GET", "/auth/sessions", who="signed_in", gives=shapes.Page[shapes.Session])
def list_sessions(call: Call) -> Answer:
    """Where I am signed in."""
    rows = [
        shapes.Session(
            id=row.uid,
            door=row.door,
            device=row.user_agent,
            current=row.id == call.actor.session_id,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
        )
        for row in sign_ins.of_person(call.actor)
    ]
    return Answer(shapes.Page[shapes.Session](data=rows))


@operation("DELETE", "/auth/sessions/<session_id>", who="signed_in", gives=None, status=204, refusals=("not-found",))
def end_session(call: Call, session_id: str) -> Answer:
    """End one of my sessions; this one too, if it is meant."""
    accounts.sign_out(call.work, session_id)
    return Answer(status=204)


def _tokens(work: Work, body: asked.Grant) -> accounts.AppTokens | accounts.Denied:
    device, second_factor = _device(body.installation_id), body.second_factor or ""
    if body.grant_type == "refresh_token":
        return accounts.refresh_app_tokens(work, body.refresh_token or "", body.installation_id)
    if body.grant_type == "code":
        signed_in = accounts.sign_in_with_code(work, body.email or "", body.code or "", device, second_factor)
    else:
        signed_in = accounts.sign_in_with_password(work, body.email or "", body.password or "", device, second_factor)
    return signed_in if isinstance(signed_in, accounts.Denied) else accounts.issue_app_tokens(signed_in)


def _device(installation_id: str) -> accounts.Device:
    return accounts.Device(
        address=request.remote_addr or "",
        user_agent=request.user_agent.string,
        door="app",
        installation_id=installation_id,
    )
