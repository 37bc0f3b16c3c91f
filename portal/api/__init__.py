"""The JSON API of the mobile app at /api/v1: the same verbs as the pages, and the one way it says no (D5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from flask import Blueprint, Flask, Response, abort, g, render_template, request
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolIsEmpty
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from flows.actions.accounts.tokens import digest
from flows.queries import sign_ins
from flows.rules.actors import SYSTEM
from flows.rules.errors import BatonError, Busy, Invalid, Stale
from flows.words import gettext as _
from flows.words import language, ngettext
from flows.work import end_reading
from portal.api import (
    ages,
    limits,
    of_cases,
    of_devices,
    of_flows,
    of_instances,
    of_lookups,
    of_me,
    of_meta,
    of_notices,
    of_orders,
    of_past,
    of_payments,
    of_reviews,
    of_signing_in,
    of_staff,
    of_steps,
    of_sync,
    of_talk,
    of_uploads,
    openapi,
    problems,
)
from portal.api.door import BASE, OPERATIONS, view_of
from portal.api.etags import etag
from portal.api.problems import Declined
from portal.may import may

log = structlog.get_logger(__name__)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
RETRY_SECONDS = "5"
ENDPOINTS = (
    of_meta,
    of_signing_in,
    of_me,
    of_notices,
    of_devices,
    of_orders,
    of_flows,
    of_instances,
    of_steps,
    of_staff,
    of_reviews,
    of_past,
    of_cases,
    of_talk,
    of_sync,
    of_lookups,
    of_uploads,
    of_payments,
)
"""Importing them is what declares their operations."""


def register(app: Flask) -> None:
    """Hang every declared operation, the refusals and the help pages of problems on the application."""
    blueprint = Blueprint("api", __name__, url_prefix=BASE, template_folder="templates")
    for op in OPERATIONS:
        blueprint.add_url_rule(op.path, op.name, view_of(op), methods=[op.method])
    known = Map([Rule(BASE + op.path, methods=[op.method]) for op in OPERATIONS])
    blueprint.add_url_rule(
        "/<path:rest>", "nothing_here", _nothing_here(known), methods=METHODS, provide_automatic_options=False
    )
    blueprint.register_error_handler(BatonError, _refused)
    blueprint.register_error_handler(HTTPException, _of_http)
    blueprint.register_error_handler(DataError, _unstorable)
    for lost in (OperationalError, InterfaceError, PoolIsEmpty):
        blueprint.register_error_handler(lost, _database_is_away)
    blueprint.register_error_handler(Exception, _broken)
    blueprint.after_request(_add_headers)
    blueprint.after_request(ages.say_goodbye)
    limits.register(app, blueprint)
    app.register_blueprint(blueprint)
    app.add_url_rule("/problems/<slug>", "problem_help", _help_page)
    app.add_url_rule(f"{BASE}/docs", "api_docs", _docs)


def _nothing_here(known: Map) -> Callable[..., Response]:
    @may("public")
    def view(rest: str) -> Response:
        allowed = sorted(known.bind("").allowed_methods(f"{BASE}/{rest}"))
        if allowed:
            raise Declined(
                "method-not-allowed",
                _("%(method)s is not possible here", method=request.method),
                {"Allow": ", ".join(allowed)},
            )
        raise Declined("not-found", _("There is nothing at this address"))

    return view


def _refused(error: BatonError) -> Response:
    """Every refusal of rules, verbs and this door."""
    headers = dict(error.headers) if isinstance(error, Declined) else {}
    if isinstance(error, Busy):
        headers["Retry-After"] = str(error.retry_after)
    if error.code == "unauthenticated" and _has_run_out():
        said = _("Your access token has run out. Get a new one with the refresh token")
        return problems.answer("token-expired", said)
    if isinstance(error, Stale):
        kind = getattr(g.get("operation"), "etag_kind", "") or "me"
        return problems.answer(error.code, error.detail, headers=headers, current_etag=etag(kind, error.current or 0))
    if isinstance(error, Invalid):
        return _invalid(error)
    return problems.answer(error.code, error.detail, headers=headers, status=error.status)


def _invalid(error: Invalid) -> Response:
    mismatched = next((p.code for p in error.problems if p.code in problems.SLUGS and p.code != "validation"), None)
    if mismatched in ("cursor-mismatch", "idempotency-mismatch"):
        return problems.answer(mismatched, error.detail)
    several = ngettext("%(num)s place needs your attention", "%(num)s places need your attention", len(error.problems))
    return problems.answer(
        error.code, error.detail if len(error.problems) == 1 else several, error.problems, status=error.status
    )


def _has_run_out() -> bool:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return token.startswith("at_") and sign_ins.has_run_out(SYSTEM, digest(token))


def _of_http(error: HTTPException) -> Response:
    code = problems.STATUS_TO_SLUG.get(error.code or 500, "internal" if (error.code or 500) >= 500 else "malformed")
    return problems.answer(code, _(problems.SLUGS[code].cure))


def _unstorable(error: DataError) -> Response:
    end_reading()
    log.warning("unstorable_input", error=str(error)[:200])
    return problems.answer(
        "malformed", _("Something in the request cannot be stored. Take out unusual characters or very large numbers")
    )


def _database_is_away(error: Exception) -> Response:
    log.error("database_away", error=f"{type(error).__name__}: {error}"[:400])
    g.sign_in_to_see = None
    return problems.answer(
        "unavailable",
        _("Nothing that was saved is lost. Try again in a moment"),
        headers={"Retry-After": RETRY_SECONDS},
    )


def _broken(_error: Exception) -> Response:
    end_reading()
    log.exception("request_failed", path=request.path, method=request.method)
    return problems.answer("internal", _("We were told about it. Try again"))


def _add_headers(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "private, no-cache")
    response.headers.setdefault("Content-Language", language())
    response.vary.update(("Accept-Language", "Authorization"))
    return response


@may("public")
def _help_page(slug: str) -> str:
    """What a developer reads behind the `type` of a problem."""
    if slug not in problems.SLUGS:
        abort(404)
    return render_template("problem_help.html", slug=slug, problem=problems.SLUGS[slug])


@may("public")
def _docs() -> str:
    """The OpenAPI document as a page; nothing of it is asked from anywhere else."""
    document = openapi.document()
    by_tag: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, operations in document["paths"].items():
        for method, described in operations.items():
            by_tag.setdefault(described["tags"][0], []).append((method.upper(), path, described))
    schemas = document["components"]["schemas"]
    return render_template("api_docs.html", document=document, by_tag=by_tag, schemas=schemas, kind_of=openapi.in_words)
