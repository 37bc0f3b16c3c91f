"""The portal in another language: every page says what it says through the catalogue, whatever its state (X23)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from typing import Any

import pyotp
import pytest
from flask import Flask, render_template
from sqlalchemy import select

from flows import catalogue, settings
from flows.actions import accounts, conversing
from flows.catalogue.translation import words_of
from flows.clock import clock
from flows.models import Instance, Organisation, User
from flows.work import unit_of_work
from messaging import wanting
from portal.pages.profile import zones
from tests import pseudo
from tests.guided.conftest import HOUSEHOLD, IDENTITY, Play
from tests.portal.browsing import Visitor
from tests.portal.story import ANSWERS, fire_timers, order_through_pages
from tests.portal.test_guided_invitation import invite
from tests.portal.visiting import mailed, send, sign_in
from tests.stages.desk import Desk, desk
from tests.world import World

__all__ = ["desk"]
pytestmark = [pytest.mark.requirement("X23"), pytest.mark.parametrize("database", ["sqlite"])]

TOLD_BEFORE = re.compile(r"is (completed|closed)")
"""What stands in a notice, in the language that its reader had when they were told."""
SAID_IN_SENTENCES = re.compile(
    r'<ol class="timeline".*?</ol>|<section class="toasts.*?</section>|<title>.*?</title>|<option.*?</option>',
    re.DOTALL,
)
"""What neither can name a language inside of a sentence, or is a sentence of the product about a step."""
ERRORS = ("400", "403", "404", "405", "409", "410", "412", "413", "429", "500", "503", "offline")


class OfItsLanguage(HTMLParser):
    """The texts of a page that stand in elements of the page's own language."""

    VOID = frozenset({"input", "br", "img", "link", "meta", "use", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(SAID_IN_SENTENCES.sub("", html))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(dict(attrs).get("lang") or (self.open[-1] if self.open else ""))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "cy":
            self.texts.append(" ".join(data.split()))


@pytest.fixture
def walk(monkeypatch: pytest.MonkeyPatch) -> pseudo.Walk:
    places = {part for _zone, name in zones() for part in name.split("/")}
    return pseudo.Walk(monkeypatch, TOLD_BEFORE, {"Baton", "Werkzeug", "help@localhost", *places})


def test_a_company_from_the_shop_to_the_end(
    buyer: Visitor, world: World, walk: pseudo.Walk, move_clock: Callable[..., Any], database: str
) -> None:
    see = partial(walk.see, buyer.client)
    see("/", "/shop", "/basket", "/tasks", "/orders", "/notices", "/messages")
    buyer.post("/basket", product=world.coro, quantity="10")
    see("/shop", "/shop?q=nothing", "/basket", "/checkout")
    order_through_pages(buyer, world, world.coro, customer=world.beta)
    see("/orders/1001/placed", "/orders/1001", "/orders/1001/cancel")
    see("/", "/tasks", "/tasks/TI-2001", "/tasks/TI-2001/steps/details", "/notices", "/tasks/TI-2001/messages")
    move_clock(days=8)
    fire_timers()
    see("/", "/tasks", "/tasks/TI-2001", "/tasks/TI-2001/steps/details", "/tasks/TI-2001/outcome", "/orders/1001")
    order_through_pages(buyer, world, world.coro, world.microsoft)
    buyer.send("/tasks/TI-2002/steps/details", **ANSWERS)
    see("/", "/tasks", "/tasks/TI-2002", "/tasks/TI-2002/steps/details", "/orders/1002", "/orders/1002/placed")
    see("/orders", "/tasks?q=nothing", "/orders?q=nothing", "/notices", "/tasks/TI-2002/copy", "/navigation")
    see("/settings/profile", "/settings/members", f"/settings/members/{world.brightpath}", "/settings/notifications")
    see(f"/settings/members/{world.brightpath}/usr_carl/remove")
    assert not walk.found, walk.report


def test_a_tenant_on_the_whole_way(
    tenant: Visitor, play: Play, walk: pseudo.Walk, move_clock: Callable[..., Any], database: str
) -> None:
    def see(*paths: str) -> None:
        walk.see(tenant.client, "/", "/tasks", *(f"/tasks/{play.ref}{path}" for path in ("", *paths)))

    play.start(message="Welcome to your new home")
    see("/steps/identity", "/messages", "/cancel", "/complete", "/copy")
    walk.see(tenant.client, f"/tasks/{play.ref}/steps/identity", legal_name="", csrf_token=tenant.token())
    tenant.put(f"/tasks/{play.ref}/steps/identity/draft", legal_name="Priya", right_to_rent="y", version="1")
    see("/steps/identity", "/steps/identity/check")
    play.submit("identity", IDENTITY)
    see("/steps/identity")
    play.send_back("identity", remarks={"legal_name": "As it stands in your passport"})
    see("/steps/identity")
    play.submit("identity", IDENTITY)
    play.approve("identity")
    with unit_of_work(play.world.agent) as work:
        instance = work.session.scalars(select(Instance)).one()
        conversing.send(work, instance, "Do you have a minute?")
    walk.see(tenant.client, "/messages", f"/tasks/{play.ref}/messages", "/notices", "/navigation")
    play.submit("household", {**HOUSEHOLD, "has_pets": True})
    see("/steps/household")
    move_clock(days=80)
    see("/steps/pets")
    play.submit("pets", {"pet_name": "Rex"})
    play.approve("pets", by=play.world.admin)
    play.submit("inspection", {"found": "All well"}, by=play.world.agent)
    see()
    play.submit("keys", {"slot": "Monday"})
    see()
    play.conclude()
    see("/outcome", "/copy", "/steps/keys")
    walk.see(tenant.client, "/tasks?show=done", "/tasks?show=with-us", "/tasks?q=nothing", "/notices")
    assert not walk.found, walk.report


def test_a_long_step_its_ends_and_requests(tenant: Visitor, play: Play, walk: pseudo.Walk, database: str) -> None:
    see = partial(walk.see, tenant.client)
    see("/requests", "/requests?q=nothing", "/requests/ask-permission")
    play.start("ask-permission", inputs={})
    step = f"/tasks/{play.ref}/steps/plan"
    see(f"/tasks/{play.ref}", f"{step}/page-work", f"{step}/page-who", f"{step}/page-money", "/requests/ask-permission")
    play.submit("plan", {"what": "paint", "builder": False})
    play.close("plan")
    see(f"/tasks/{play.ref}", f"/tasks/{play.ref}/outcome", step)
    play.start("ask-permission", inputs={})
    see(f"/tasks/{play.ref}/cancel")
    tenant.send(f"/tasks/{play.ref}/cancel", reason="I changed my mind")
    see(f"/tasks/{play.ref}", f"/tasks/{play.ref}/outcome", f"/tasks/{play.ref}/steps/plan", "/notices")
    play.start("tell-us", inputs={})
    tenant.post(f"/tasks/{play.ref}/steps/pets", has_pets="false", version="1")
    see(f"/tasks/{play.ref}/steps/pets/check", f"/settings/notifications?ref={play.ref}")
    assert not walk.found, walk.report


def test_cases(app: Flask, desk: Desk, walk: pseudo.Walk, database: str) -> None:
    priya = Visitor(app, desk.people["priya"])
    see = partial(walk.see, priya.client)
    see("/cases", "/cases/new")
    desk.raise_case()
    page = f"/cases/{desk.ref}"
    see("/cases", page, *(f"{page}/act/{name}" for name in ("cancel", "customer_start", "customer_close")))
    priya.post(f"{page}/comment", text="It goes on")
    priya.send(f"{page}/act/cancel", comment="It stopped")
    see(page, f"{page}/act/reopen", "/cases?show=all")
    assert not walk.found, walk.report


def test_whoever_is_not_signed_in(app: Flask, world: World, play: Play, walk: pseudo.Walk, database: str) -> None:
    client = app.test_client()
    see = partial(walk.see, client)
    see("/sign-in", "/contact", "/privacy", "/accessibility", "/sign-in/link/nothing", "/invite/nothing")
    send(client, "/sign-in", email="bea@example.com", how="code")
    see("/sign-in/code", mailed()[1])
    walk.see(app.test_client(), invite(play, inputs={"rent": "1,000"}, message="I look forward to meeting you."))
    with unit_of_work(world.admin) as work:
        acme = work.session.scalars(select(Organisation).where(Organisation.uid == world.acme)).one()
        accounts.invite(work, "new@example.com", "customer", acme)
    walk.see(app.test_client(), mailed()[1])
    walk.see(client, wanting.turn_off_address("usr_bea", "progress").removeprefix("http://localhost"))
    assert not walk.found, walk.report


def test_the_second_factor(
    app: Flask, world: World, walk: pseudo.Walk, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    monkeypatch.setattr(settings, "_current", replace(settings.current(), staff_totp="required"))
    staff, again = app.test_client(), app.test_client()
    sign_in(staff, "gus@example.com")
    walk.see(staff, "/sign-in/enrol")
    key = re.search(r"<code>([A-Z2-7]{32})</code>", staff.get("/sign-in/enrol").text)
    assert key
    send(staff, "/sign-in/enrol", code=pyotp.TOTP(key[1]).at(clock.wall()))
    walk.see(staff, "/settings/second-factor", "/settings/profile", "/notices")
    sign_in(again, "gus@example.com")
    walk.see(again, "/sign-in/second-factor")
    assert {"/sign-in/enrol", "/settings/profile", "/sign-in/second-factor"} <= walk.seen
    assert not walk.found, walk.report


def test_pages_about_what_went_wrong(
    app: Flask, walk: pseudo.Walk, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    with app.test_request_context("/"), pseudo.spoken(monkeypatch):
        for name in ERRORS:
            walk.read(render_template(f"errors/{name}.html", problem="", retry_after=5, request_id="42"), (), name)
    assert not walk.found, walk.report


def test_what_nobody_has_translated_says_whose_language_it_is_in(tenant: Visitor, play: Play, database: str) -> None:
    """The flows of tests have no Welsh: each of their words in a Welsh page stands in an element that says English."""
    served = catalogue.current().flows
    said_before = {"Yes", "No", "We could not go ahead."}  # by the engine, and by whoever closed it
    english = {
        text for flow in ("ask-permission", "move-in") for text in words_of(served[flow].definition).values()
    } - said_before
    with unit_of_work(play.world.tenant) as work:
        work.session.get_one(User, work.actor.user_id).language = "cy"
    unmarked: dict[str, str] = {}

    def see(*urls: str) -> None:
        for url in urls:
            html = tenant.get(url)
            assert '<html lang="cy">' in html
            for text in OfItsLanguage(html).texts:
                unmarked.update({one: url for one in english if re.search(rf"\b{re.escape(one)}(?!\w)", text)})

    see("/requests", "/requests/ask-permission")
    play.start("ask-permission", inputs={})
    task = f"/tasks/{play.ref}"
    see("/", "/tasks", task, f"{task}/cancel", f"{task}/copy", f"{task}/messages")
    see(*(f"{task}/steps/plan/page-{page}" for page in ("work", "who", "money")))
    play.submit(
        "plan", {"what": "wall", "which_wall": "The long one", "builder": True, "firm": "B", "insured": ["fire"]}
    )
    see(task, f"{task}/steps/plan", "/tasks?show=with-us")
    play.send_back("plan", remarks={"which_wall": "Which one?"})
    see("/", "/tasks", task, f"{task}/steps/plan/page-work")
    play.submit("plan", {"what": "paint", "builder": False})
    play.close("plan")
    see(task, f"{task}/outcome", f"{task}/copy", "/tasks?show=done")
    play.start()
    play.submit("identity", IDENTITY)
    task = f"/tasks/{play.ref}"
    see("/", "/tasks", task, f"{task}/steps/identity", f"{task}/steps/household")
    assert unmarked == {}


def test_a_list_costs_in_welsh_what_it_costs_in_english(
    tenant: Visitor, play: Play, count_statements: Callable[[], list[str]], database: str
) -> None:
    for flow in ("tenant-onboarding", "ask-permission", "move-in"):
        inputs = {} if flow == "ask-permission" else {"rent": 100_000}
        play.start(flow, inputs=inputs, amounts={"deposit": 45_000} if flow == "tenant-onboarding" else {})

    def costs() -> list[int]:
        found = []
        for url in ("/", "/tasks", f"/tasks/{play.ref}", "/requests"):
            tenant.get(url)
            made = count_statements()
            tenant.get(url)
            found.append(len(made))
        return found

    english = costs()
    with unit_of_work(play.world.tenant) as work:
        work.session.get_one(User, work.actor.user_id).language = "cy"
    assert costs() == english


def test_a_notice_and_how_it_ended_are_in_the_language_of_whoever_reads_them(
    buyer: Visitor, world: World, app: Flask, database: str
) -> None:
    with unit_of_work(world.colleague) as work:
        work.session.get_one(User, work.actor.user_id).language = "cy"
    order_through_pages(buyer, world, world.coro)
    assert "You have an outstanding task" in buyer.get("/notices")
    with unit_of_work(world.buyer) as work:
        work.session.get_one(User, work.actor.user_id).language = "cy"
    order_through_pages(buyer, world, world.coro)
    welsh = buyer.get("/notices")
    assert "Mae gennych dasg i" in welsh
    assert "Gweld eich tasgau" in welsh
    assert "Angen gwybodaeth ar gyfer Coro" in buyer.get("/tasks")
    assert "Angen gwybodaeth ar gyfer Coro" in buyer.get("/tasks?q=gwybodaeth"), "found by what stands there"
    assert "Angen gwybodaeth ar gyfer Coro" in buyer.get("/tasks?q=info+required"), "and by what it is called elsewhere"
    assert "TI-2001" not in buyer.get("/tasks?q=rhywbeth")
