"""Every "no" as an answer: a page in the frame for people, a problem document (RFC 9457) for the API."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, current_app, g, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolIsEmpty
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from flows.rules.errors import BatonError, Busy, Invalid, Stale
from flows.words import gettext as _
from flows.work import end_reading
from portal.api import problems
from portal.frame import make_frame
from portal.redirects import to_sign_in

log = structlog.get_logger(__name__)

STATUS_OF = {
    "link-expired": 410,
    "sync-cursor-expired": 410,
    "unauthenticated": 401,
    "token-expired": 401,
    "refresh-reused": 401,
    "code-invalid": 401,
    "upload-refused": 410,
}
"""Codes whose status the rules cannot know, because it is HTTP's."""
TEMPLATES = {400, 403, 404, 405, 409, 410, 412, 413, 429, 500, 503}
RETRY_SECONDS = 5


def register(app: Flask) -> None:
    app.register_error_handler(BatonError, _refused)
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(HTTPException, _of_http)
    for lost in (OperationalError, InterfaceError, PoolIsEmpty):
        app.register_error_handler(lost, _database_is_away)
    app.register_error_handler(DataError, _unstorable)
    app.register_error_handler(Exception, _broken)


def answer(
    status: int, code: str, detail: str, error: BatonError | None = None, retry_after: int | None = None
) -> Response:
    """One refusal in the words of whoever asked."""
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    if request.path.startswith("/api/") or request.accept_mimetypes.best == "application/json":
        wrong = error.problems if isinstance(error, Invalid) else ()
        more = {"current_version": error.current} if isinstance(error, Stale) else {}
        return problems.answer(code, detail, wrong, {**headers, **getattr(error, "headers", {})}, status=status, **more)
    if status == 401:
        return to_sign_in()
    template = f"errors/{status if status in TEMPLATES else 400}.html"
    said = detail if not detail or detail.endswith((".", "?", "!")) else f"{detail}."
    page = _page(template, is_small=status >= 500 or status == 429, problem=said, retry_after=retry_after)
    return current_app.make_response((page, status, headers))


def _page(template: str, is_small: bool, **words: Any) -> str:
    """A customer who went astray keeps the navigation, unless the service itself is in trouble."""
    end_reading()  # what failed may have left the session unusable
    g.frame = make_frame(bare=is_small or g.get("actor") is None or g.actor.is_staff)
    return render_template(template, request_id=g.get("request_id", ""), **words)


def _refused(error: BatonError) -> Response:
    status = STATUS_OF.get(error.code, error.status)
    # A page that is not there says so in its own words: "not there" and "not yours" must read the same.
    detail = "" if status == 404 and not request.path.startswith("/api/") else error.detail
    return answer(status, error.code, detail, error, error.retry_after if isinstance(error, Busy) else None)


def _forged(error: CSRFError) -> Response:
    log.warning("form_refused", reason=error.description, path=request.path)
    return answer(
        400, "malformed", _("This page was open too long, or your browser keeps no cookies. Open it again and retry.")
    )


def _of_http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:  # a redirect of the router
        return current_app.make_response(error.get_response())
    detail = (error.description or error.name) if request.path.startswith("/api/") else ""
    response = answer(status, problems.STATUS_TO_SLUG.get(status, "malformed" if status < 500 else "internal"), detail)
    if getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(error.valid_methods)  # type: ignore[attr-defined]  # of MethodNotAllowed
    return response


def _database_is_away(error: Exception) -> Response:
    log.error("database_away", error=f"{type(error).__name__}: {error}"[:400])
    g.actor = None
    return answer(
        503,
        "unavailable",
        _("The service is not available right now. Nothing that was saved is lost."),
        None,
        RETRY_SECONDS,
    )


def _unstorable(error: Exception) -> Response:
    log.warning("unstorable_input", error=str(error)[:200])
    return answer(
        400,
        "malformed",
        _("Something in the request cannot be stored. Take out unusual characters or very large numbers."),
    )


def _broken(error: Exception) -> Response:
    if current_app.testing and not isinstance(error, HTTPException):
        raise error
    log.exception("request_failed", path=request.path, method=request.method)
    return answer(500, "internal", "")
