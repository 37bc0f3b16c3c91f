"""A small app for the tests only: it renders every part of the design and answers what baton.js asks for."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Response, render_template, request
from flask_socketio import SocketIO
from jinja2 import ChoiceLoader, FileSystemLoader

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 21, 9, 14, tzinfo=UTC)
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'"
)


@dataclass
class Spec:
    """A field definition as the flow language gives it, as far as the macros look at it."""

    type: str
    label: str
    hint: str = ""
    required: bool = True
    options: Any = None
    multiple: bool = False
    accept: list[str] = field(default_factory=list)
    max_mb: int | None = None
    item: dict[str, Any] | None = None
    max_items: int | None = None
    symbol: str = ""


PETS = {
    "kind": Spec("choice", "Kind", options={"cat": "Cat", "dog": "Dog"}),
    "name": Spec("text", "Name", required=False),
}
RIGHTS = {"y": "Yes", "n": "No", "unsure": "Not sure"}
COUNTIES = {f"c{number}": f"County {number}" for number in range(9)}
FIELDS: dict[str, tuple[Spec, Any]] = {
    "company": (Spec("text", "Company name", "From your order. Change it if it is wrong"), "Acme <Ltd>"),
    "note": (Spec("textarea", "Note", required=False), "First line\nSecond line"),
    "email": (Spec("email", "Admin email", "We send the credentials to this address"), "it@"),
    "phone": (Spec("phone", "Phone"), None),
    "site": (Spec("url", "Website"), None),
    "domain": (Spec("domain", "Domain name"), "acme.coro.example"),
    "people": (Spec("integer", "How many people will live here?"), 0),
    "area": (Spec("number", "Area in square metres"), "62.5"),
    "income": (Spec("money", "Household income per month"), 250050),
    "has_pets": (Spec("boolean", "Do you have pets?"), False),
    "born": (Spec("date", "Date of birth", "For example, 27 3 1985"), "1985-03-27"),
    "visit": (Spec("datetime", "Visit"), None),
    "right": (Spec("choice", "Do you have the right to rent?", options=RIGHTS), "y"),
    "county": (Spec("choice", "County", options=COUNTIES), "c3"),
    "days": (Spec("choices", "Good days", options=[("mo", "Monday"), ("tu", "Tuesday")]), ["tu"]),
    "home": (Spec("address", "Your address"), {"line1": "12 Mill Lane", "town": "Leeds"}),
    "passport": (
        Spec("file", "Passport", accept=["image", "pdf"], max_mb=10),
        [{"id": "f1", "name": "p.jpg", "size": "812 KB"}],
    ),
    "signed": (Spec("signature", "Type your full name to sign"), {"name": "Priya Shah"}),
    "pets": (Spec("list", "Pets", item=PETS, max_items=4), [{"kind": "cat", "name": "Tom"}, {"kind": "dog"}]),
    "agent": (Spec("user", "Assign to", options={"7": "Sam Okoro"}), "7"),
    "about": (Spec("info", "We need a passport to check who you are."), None),
}
PROBLEMS = {
    "email": "Enter the admin email, like name@example.com",
    "born": "Date of birth must be a real date",
    "right": "Choose one",
    "home-postcode": "Enter the postcode",
    "pets-1-name": "Enter the name",
}


def make_frame(**changes: Any) -> dict[str, Any]:
    """The frame of a signed-in customer, as the app will inject it."""
    nav = [("Home", "/", 0, False), ("Task System", "/parts", 3, True), ("Shop", "/shop", 0, False)]
    nav += [("Orders", "/orders", 0, False)]
    toast = {"id": 7, "text": "Order #1042 needs details.", "link_text": "View your outstanding tasks", "url": "/tasks"}
    person = {"name": "Priya Shah", "email": "priya@example.com", "is_staff": False}
    usual = {
        "brand": "Northgate Homes",
        "nav": nav,
        "user": person,
        "toasts": [toast],
        "language": "en",
        "languages": [("en", "English"), ("cy", "Cymraeg")],
        "links": [("Profile", "/settings/profile")],
    }
    return usual | changes


STAFF_NAV = [
    ("Dashboard", "/staff", 0, False),
    ("Work", None, 0, False),
    ("Task instances", "/staff", 7, True),
    ("Cases", "/cases", 0, False),
    ("Shop", None, 0, False),
    ("Orders", "/orders", 0, False),
]


def make_app() -> Flask:
    """The styleguide app; `app.extensions["styleguide"]` collects what it was sent and holds what it answers."""
    app = Flask(__name__, static_folder=str(ROOT / "portal" / "static"), static_url_path="/static")
    app.secret_key = "styleguide"
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_loader = ChoiceLoader(
        [FileSystemLoader(Path(__file__).parent / "templates"), FileSystemLoader(ROOT / "portal" / "templates")]
    )
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_null_translations(newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    app.jinja_env.filters["lang"] = lambda words: words
    app.jinja_env.globals["lang_of"] = lambda _words: ""
    app.jinja_env.globals.update(asset=lambda name: f"/static/{name}", csrf_token=lambda: str(datetime.now(tz=UTC)))
    app.extensions["styleguide"] = {"saved": [], "posted": [], "rows": ["Coro info required"], "signed_in": True}
    app.extensions["live"] = SocketIO(app, async_mode="threading", namespace="/portal")
    app.extensions["live"].on_event("connect", lambda *_: None, namespace="/portal")
    app.after_request(_strict)
    app.context_processor(_context)
    _add_pages(app)
    return app


def _context() -> dict[str, Any]:
    moments = {"now": NOW, "due": NOW + timedelta(days=3), "zone": ZoneInfo("Europe/London")}
    return {"frame": make_frame(**_frame_changes()), "fields": FIELDS, "PROBLEMS": PROBLEMS, **moments}


def _frame_changes() -> dict[str, Any]:
    if request.path == "/staff":
        return {"staff": True, "brand": "Northgate staff", "nav": STAFF_NAV, "toasts": [], "home": "/staff"}
    if "rtl" in request.args:
        return {"direction": "rtl", "theme": "dark"}
    return {"live_url": "/socket.io/?EIO=4&transport=websocket", "toasts": []} if request.path == "/live" else {}


def _strict(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CSP
    return response


def _add_pages(app: Flask) -> None:
    seen = app.extensions["styleguide"]
    for name in ("parts", "form", "shop", "staff", "live"):
        app.add_url_rule(f"/{name}", name, lambda name=name: render_template(f"{name}.html", rows=seen["rows"]))
    app.add_url_rule("/sign-in", "sign_in", lambda: render_template("sign_in.html"))

    @app.get("/errors/<name>")
    def errors(name: str) -> str:
        return render_template(f"errors/{name}.html", request_id="req-42")

    @app.route("/step", methods=["GET", "POST"])
    def step() -> Any:
        if request.method == "GET":
            return render_template("step.html", value="", problem=None)
        seen["posted"].append(request.form["email"])
        if "@" in request.form["email"]:
            seen["rows"] = ["Nothing to do"]
            return "", 204
        return render_template("step.html", value=request.form["email"], problem="Enter the admin email"), 422

    @app.put("/draft")
    def draft() -> Any:
        if not seen["signed_in"]:
            return "", 401
        seen["saved"].append(request.form["email"])
        return "", 204

    @app.post("/notices/<int:notice>/seen")
    def notice_seen(notice: int) -> Any:
        seen["posted"].append(notice)
        return "", 204
