"""What every request goes through: its id, who asks, whether they may, and the headers of the answer."""

from __future__ import annotations

import re
import zlib
from gettext import NullTranslations
from typing import IO, Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, Request, Response, current_app, g, redirect, request, session
from flask_babel import Babel, Domain
from flask_login import LoginManager, UserMixin
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.exc import OperationalError
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import BadRequest, NotFound, SecurityError
from werkzeug.formparser import FormDataParser
from werkzeug.routing import IntegerConverter, ValidationError
from werkzeug.wrappers import Response as AnyResponse

from flows import words, work
from flows.access import read_as
from flows.actions import accounts
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import Refused
from flows.settings import Settings
from flows.words import gettext as _
from portal.may import is_one_of, takes_files, who_may
from portal.redirects import to_sign_in

log = structlog.get_logger(__name__)
csrf = CSRFProtect()

SIGNED_BY_THE_SENDER = ("/api/", "/hooks/", "/unsubscribe/")
"""Doors without cookies: a forged form cannot borrow a sign-in there, so no token of ours is asked for."""
FRAMELESS = {"static", "healthz", "readyz"}
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
COMPRESSED = ("text/", "application/json", "application/problem+json", "image/svg+xml")
LEAST_TO_COMPRESS = 600
THEMES = ("", "light", "dark")
LONGEST_ROW_NUMBER = 10
BESIDE_FILES = 1024 * 1024
"""What a form with files may have besides them."""


class OurWords(Domain):
    """What Flask-Babel and the pages ask for a sentence; every room's are kept in one place (flows/words.py)."""

    def get_translations(self) -> NullTranslations:
        return words.sentences_in(words.language())


class Visitor(UserMixin):
    """Flask-Login's view of an actor, for Flask-Admin; `g.actor` is what our own pages ask."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.id = actor.user_id


class RowNumber(IntegerConverter):
    """A number in an address that a row may have; a larger one is the address of nothing, on every database."""

    def to_python(self, value: str) -> int:
        if len(value) > LONGEST_ROW_NUMBER or int(value) >= 2**31:
            raise ValidationError
        return int(value)


class NamedParts(FormDataParser):
    """Every part of a form that goes on from here has a name; one without is refused before anybody looks for it."""

    def parse(self, *given: Any, **more: Any) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]:
        stream, form, files = super().parse(*given, **more)
        if None in form or None in files:
            for several in files.listvalues():
                for one in several:
                    one.close()
            raise BadRequest("A part of the form has no name")
        return stream, form, files


class OurRequest(Request):
    """A request as every door gets it."""

    form_data_parser_class = NamedParts


def register(app: Flask) -> None:
    """Hang the plumbing on the application, in the order in which a request meets it."""
    app.config.update(
        WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None, PERMANENT_SESSION_LIFETIME=accounts.CUSTOMER_IDLE
    )
    app.request_class = OurRequest
    app.url_map.converters["int"] = RowNumber
    csrf.init_app(app)
    babel = Babel(app, default_locale=words.USUAL, locale_selector=words.language, timezone_selector=time_zone)
    babel.domain_instance = OurWords()
    logins = LoginManager(app)
    logins.session_protection = None  # the session is a row of ours; Flask-Login keeps nothing
    logins.request_loader(lambda _request: Visitor(g.actor) if g.get("actor") is not None else None)
    app.before_request(_name_the_request)
    app.before_request(_find_the_actor)
    app.before_request(_speak_to_the_actor)
    app.before_request(_let_in)
    app.after_request(_mark_as_seen)
    app.after_request(_compress)
    app.after_request(_add_headers)


def wanted_language() -> str:
    """What this request is answered in. An app asks by its header, else its person's profile decides; a page is in the
    person's language, before signing in in the cookie's. Where none says anything, it is the browser's, else English.
    """
    actor: Actor | None = g.get("actor")
    asked = [one.partition("-")[0].lower() for one, quality in request.accept_languages if quality > 0]
    own = actor.language if actor is not None else request.cookies.get("language", "")
    tried = [*asked, own] if request.path.startswith("/api/") else [own, *asked]
    return next((one for one in tried if one in words.LANGUAGES), words.USUAL)


def time_zone() -> str:
    actor: Actor | None = g.get("actor")
    return actor.time_zone if actor is not None else current_app.config["BATON"].time_zone


def device() -> accounts.Device:
    """Where this request comes from."""
    return accounts.Device(address=request.remote_addr or "", user_agent=request.user_agent.string)


def live_url() -> str:
    """Where the browser's socket goes: the same host on the live port, unless the settings say otherwise."""
    settings: Settings = current_app.config["BATON"]
    if settings.live_url:
        return settings.live_url.rstrip("/")
    try:
        host = urlsplit(f"//{request.host}").hostname or settings.host
    except (SecurityError, ValueError):
        host = settings.host
    scheme = "wss" if request.is_secure else "ws"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.port_of_live}"


def _name_the_request() -> None:
    given = request.headers.get("X-Request-Id", "") if current_app.config["BATON"].behind_proxy else ""
    g.request_id = given if REQUEST_ID.fullmatch(given) else work.new_request_id()
    work.request_id.set(g.request_id)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    words.speak(wanted_language())


def _find_the_actor() -> None:
    """A cookie says who asks for a page, a bearer token who asks the API; neither is taken for the other."""
    g.actor, g.sign_in_to_see = None, None
    if request.endpoint in FRAMELESS:
        return
    if request.path.startswith("/api/"):
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        door = "app"
    else:
        token, door = str(session.get("token", "")), "web"
    reading = read_as(SYSTEM)
    sign_in = accounts.find_sign_in(reading, token)
    if sign_in is None or sign_in.door != door or sign_in.second_factor_at is None:
        return
    g.actor = accounts.actor_of(reading, sign_in)
    g.sign_in_to_see = sign_in.id if accounts.is_due_to_be_seen(sign_in) else None
    read_as(g.actor)


def _speak_to_the_actor() -> None:
    words.speak(wanted_language())


def _let_in() -> AnyResponse | None:
    if request.endpoint is None:
        return None
    who = who_may(current_app, request.endpoint)
    if who is None:
        log.error("undeclared_endpoint", endpoint=request.endpoint)
        raise NotFound
    if not is_one_of(g.actor, who):
        if g.actor is not None and g.actor.is_staff and request.path == "/":
            return redirect("/admin/")
        if g.actor is not None:
            raise Refused(_("This page is for other people than you"), known=True)
        if request.path.startswith("/api/"):
            raise Refused(_("Sign in first"), known=True, code="unauthenticated")
        return to_sign_in()
    if takes_files(current_app, request.endpoint):
        # Before anything reads the body; and after the question who asks, so that nobody else sends so much.
        request.max_content_length = BESIDE_FILES + current_app.config["BATON"].upload_mb * 1024 * 1024
    if request.method not in ("GET", "HEAD", "OPTIONS") and not request.path.startswith(SIGNED_BY_THE_SENDER):
        csrf.protect()
    return None


def _mark_as_seen(response: Response) -> Response:
    """The only trace of a mere look, kept after its answer is made and at most every 5 minutes."""
    if g.get("sign_in_to_see") is not None and not response.is_streamed:
        try:
            with work.unit_of_work(SYSTEM) as seeing:
                accounts.see(seeing, g.sign_in_to_see)
        except OperationalError:
            log.warning("not_marked_as_seen", exc_info=True)
    return response


def _compress(response: Response) -> Response:
    """Text goes out small. The one secret in a page, the CSRF token, is masked each time: BREACH learns nothing."""
    if not (response.mimetype or "").startswith(COMPRESSED):
        return response
    response.vary.add("Accept-Encoding")
    if (
        response.is_streamed
        or response.direct_passthrough
        or response.content_encoding
        or response.status_code in (204, 304)
        or not request.accept_encodings["gzip"]
    ):
        return response
    plain = response.get_data()
    if len(plain) >= LEAST_TO_COMPRESS:
        squeeze = zlib.compressobj(6, zlib.DEFLATED, 31)
        response.set_data(squeeze.compress(plain) + squeeze.flush())
        response.content_encoding = "gzip"
    return response


def _is_private() -> bool:
    """Whether the answer is somebody's own; on the way to the second factor there is a token, but no actor yet."""
    return g.get("actor") is not None or (request.endpoint not in FRAMELESS and "token" in session)


def _add_headers(response: Response) -> Response:
    socket = live_url()
    forms_to = f"'self' {current_app.config['BATON'].checkout_origin}".strip()
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"connect-src 'self' {socket}; form-action {forms_to}; base-uri 'none'; frame-ancestors 'none'"
    )
    if g.get("shows_frames"):  # a preview of pages, as the back office has it
        policy = f"{policy}; frame-src 'self'"
    headers = {
        "Content-Security-Policy": policy,
        "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Request-Id": g.get("request_id", ""),
    }
    if request.is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if "Cache-Control" not in response.headers:
        headers["Cache-Control"] = "no-store" if _is_private() else "private, no-cache"
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    return response
