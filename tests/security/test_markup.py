"""What people type is shown as they typed it: on no page, in no mail and no file is it markup or a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from flask import Flask
from playwright.sync_api import Browser
from sqlalchemy import select

from flows.access import instance_to_change, read_as, step_of
from flows.actions import accounts, conversing, delivering, ordering, organisations, products, replying, submitting
from flows.actions.ordering import Item
from flows.clock import clock
from flows.models import Effect, Instance, Order, Organisation, Product, SignIn, User
from flows.rules.actors import SYSTEM
from flows.work import end_reading, unit_of_work
from messaging import posting
from portal import frame
from tests.browser_tools import serving
from tests.security.conftest import Person
from tests.world import World, as_actor

PAYLOADS = (
    "<script>alert(1)</script>", '"><script>alert(1)</script>', "'><img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '"onmouseover="alert(1)', "'onfocus='alert(1)' autofocus='", "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>", "<iframe srcdoc='<script>alert(1)</script>'>", "<math><mtext></form><form>",
    "javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "{{7*7}}", "${{ customer.email }}", "{% raw %}",
    "<!--", "]]><x>", "&lt;script&gt;alert(1)", "&#60;script&#62;", "\\u003cscript\\u003ealert(1)",
    "<a href=//evil.example>x",
    "[click](javascript:alert(1))", "![x](//evil.example/x.png)", "<base href=//evil.example>",
    "<style>*{display:none}",
    "<meta http-equiv=refresh content=0;//evil.example>", "<object data=x>", "<form action=//evil.example>",
    "=HYPERLINK(\"//evil.example\")", "+1+cmd|' /C calc'!A0", "-1+1", "@SUM(1)", "%(name)s",
    "<x\u2028onclick=alert(1)>",
)  # fmt: skip


class Seen(HTMLParser):
    """Everything in a page that a browser would run or load, and its visible words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.bad: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag in ("iframe", "object", "embed", "base", "style", "math") or (tag == "script" and not named.get("src")):
            self.bad.append(f"<{tag}>")
        if tag == "meta" and named.get("http-equiv"):
            self.bad.append("<meta http-equiv>")
        for name, value in named.items():
            leads_out = (value or "").strip().lower().startswith(("javascript:", "data:text", "//", "vbscript:"))
            if (
                name.startswith("on")
                or name == "srcdoc"
                or (name in ("href", "src", "action", "formaction") and leads_out)
            ):
                self.bad.append(f"<{tag} {name}={value}>")


def nasty(n: int) -> str:
    return f"zq{n} {PAYLOADS[n]}"


@pytest.fixture
def typed(world: World) -> list[str]:
    """Every payload in every text that a customer or staff can enter; gives the references of the tasks."""
    references = []
    for n, payload in enumerate(PAYLOADS):
        text = nasty(n)
        with unit_of_work(world.buyer) as work:
            customer = accounts.add_customer_organisation(work, text, address=payload)
            order = ordering.place(work, customer.uid, [Item(world.coro, 1)])
            work.session.flush()
            task = work.session.scalars(select(Instance).where(Instance.subject == order.subject)).one()
        references.append(task.reference)
        answers = {"company_name": text, "domain_name": "acme.example", "admin_email": "it@acme.example"}
        with unit_of_work(world.buyer) as work:
            instance = instance_to_change(work, task.reference)
            conversing.send(work, instance, text)
            step = step_of(instance, "details")
            if n % 3 == 0:
                submitting.submit(work, instance, step, answers)
            elif n % 3 == 1:
                submitting.save_draft(
                    work, instance, step, {**answers, "domain_name": payload, "admin_email": payload}, None
                )
            else:
                ordering.cancel(work, str(order.number), text)
    with unit_of_work(world.admin) as work:
        for n, reference in enumerate(references):
            instance = instance_to_change(work, reference)
            if instance.is_open:
                conversing.note(work, instance, nasty(n))
                conversing.send(work, instance, nasty(n))
            if "{{" not in PAYLOADS[n]:
                replying.save(work, nasty(n), nasty(n), is_shared=True)
        for n, payload in enumerate(PAYLOADS):
            products.add(
                work,
                {
                    "sku": f"SKU-{n}",
                    "vendor": payload,
                    "name": nasty(n),
                    "price": "1.00",
                    "currency": "GBP",
                    "unit": "user",
                    "provider": "manual",
                    "is_active": "1",
                },
            )
            organisations.add(
                work,
                {
                    "name": f"o{nasty(n)}",
                    "kind": "household",
                    "address": payload,
                    "time_zone": "Europe/London",
                    "parent": "",
                },
            )
    return references


def profile_of(world: World, name: str, text: str) -> None:
    with unit_of_work(SYSTEM) as work:
        work.session.get_one(User, world.user_ids[name]).name = text
        for row in work.session.scalars(select(SignIn).where(SignIn.user_id == world.user_ids[name])):
            row.user_agent = text


def addresses(references: list[str]) -> Iterator[tuple[str, str]]:
    """Who looks at which page."""
    end_reading()
    reading = read_as(SYSTEM)
    orders = [str(order.number) for order in reading.scalars(select(Order).order_by(Order.id))]
    customers = list(reading.scalars(select(Organisation.uid).where(Organisation.name.startswith("zq"))))
    goods = list(reading.scalars(select(Product.uid)))
    for path in (
        "/",
        "/tasks",
        "/orders",
        "/shop",
        "/basket",
        "/notices",
        "/settings/profile",
        "/settings/members",
        "/checkout",
        "/messages",
    ):
        yield "buyer", path
    yield from (("buyer", f"/settings/members/{uid}") for uid in customers[:6])
    for n, reference in enumerate(references):
        yield "buyer", f"/tasks/{reference}"
        yield "buyer", f"/tasks/{reference}/steps/details"
        yield "buyer", f"/orders/{orders[n]}"
        yield "buyer", f"/tasks/{reference}/messages"
        yield "admin", f"/admin/tasks/{reference}"
        yield "admin", f"/admin/instances/{reference}/messages?thread=notes"
        yield "admin", f"/admin/orders/{orders[n]}"
    for area in (
        "",
        "tasks/",
        "orders/",
        "organisations/",
        "products/",
        "users/",
        "audit/",
        "outbox/?state=any",
        "timers/",
        "health/",
        "replies/",
        f"instances/{references[0]}/messages/replies",
    ):
        yield "admin", f"/admin/{area}"
    yield from (("admin", f"/admin/organisations/{uid}") for uid in customers)
    yield from (("admin", f"/admin/products/{uid}/edit") for uid in goods[::3])
    for word in ("tasks", "orders", "shop"):
        yield from (("buyer", f"/{word}?q={quoted(payload)}") for payload in PAYLOADS[::4])
    yield from (
        ("admin", f"/admin/{word}/?q={quoted(p)}&search={quoted(p)}")
        for word in ("tasks", "users")
        for p in PAYLOADS[::4]
    )
    yield from (("anonymous", f"/sign-in?email={quoted(p)}&next={quoted(p)}") for p in PAYLOADS)


def quoted(text: str) -> str:
    return quote(text, safe="")


@pytest.mark.parametrize("database", ["sqlite"])
def test_no_page_runs_what_people_typed(person: Callable[[str], Person], world: World, typed: list[str]) -> None:
    people = {name: person(name) for name in ("buyer", "admin", "anonymous")}
    profile_of(world, "buyer", nasty(1)), profile_of(world, "admin", nasty(3))
    asked, shown = 0, set()
    for name, path in addresses(typed):
        page = people[name].get(path)
        assert page.status_code in (200, 303), f"{path}: {page.status_code}"
        assert not (found := Seen(page.text).bad), f"{name} {path}: {found}"
        assert "49" not in re.findall(r"zq12 (\S+)", page.text), path
        shown |= set(re.findall(r"zq(\d+)\b", page.text))
        asked += 1
    assert asked > 250
    assert len(shown) == len(PAYLOADS), "each of them was really shown somewhere"


@pytest.mark.parametrize("database", ["sqlite"])
def test_no_cell_of_a_file_is_calculated(person: Callable[[str], Person], typed: list[str]) -> None:
    for name, path in (
        ("buyer", "/tasks/export.csv"), ("admin", "/admin/tasks/export/csv/"), ("admin", "/admin/products/export/csv/"),
        ("admin", "/admin/organisations/export/csv/"), ("admin", "/admin/users/export/csv/"),
    ):  # fmt: skip
        rows = list(csv.reader(io.StringIO(person(name).get(path).text)))
        assert len(rows) > 5
        bad = [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
        assert not bad, f"{path}: {bad}"


@pytest.mark.parametrize("database", ["sqlite"])
def test_no_mail_carries_markup_or_headers_that_people_typed(world: World, typed: list[str]) -> None:
    """Names go into mails to anybody: they stay words, in the HTML, in the text and in the subject."""
    for n in range(25):
        profile_of(world, "buyer", nasty(n) + "\r\nBcc: all@evil.example\r\n")
        with unit_of_work(world.buyer) as work:
            home = work.session.scalars(select(Organisation).where(Organisation.uid == world.brightpath)).one()
            home.name = nasty(n)
            work.actor = as_actor(work.session.get_one(User, world.user_ids["buyer"]))
            accounts.invite(work, f"new{n}@example.com", "customer", home)
    end_reading()
    clock.move(timedelta(minutes=15))  # those that wait whether it is read, too
    mails = read_as(SYSTEM).scalars(select(Effect.id).where(Effect.kind == "email", Effect.state == "pending")).all()
    assert len(mails) > 50
    for effect_id in mails:
        with unit_of_work(SYSTEM) as work:
            owed = delivering.begin(work, effect_id)
        assert owed is not None
        letter = posting.write(owed)
        assert not set("\r\n\u2028") & set(letter.subject)
        body = letter.html.partition("<body")[2]
        assert Seen(body).bad == [], body
        links = re.findall(r'href="([^"]*)"', body)
        assert all(link.startswith(("http://localhost/", "mailto:help@localhost")) for link in links), links


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_name_leads_nowhere(person: Callable[[str], Person]) -> None:
    """Names stand in invitations to people who asked for none, and a mail program makes links of addresses."""
    buyer = person("buyer")
    profile = {"language": "en", "time_zone": "Europe/London"}
    for name in ("Win at http://evil.example", "HTTPS:evil", "www.evil.example", "x://y"):
        assert buyer.post("/settings/profile", {**profile, "name": name}).status_code == 422
        assert buyer.post("/checkout/customers", {"name": name}).status_code == 422
        assert buyer.call("POST", "/customers", {"name": name}).status_code == 422
    assert buyer.post("/settings/profile", {**profile, "name": "Anne-Marie O'Neill (www)"}).status_code == 303


@pytest.mark.browser
@pytest.mark.parametrize("database", ["sqlite"])
def test_no_dialog_and_no_report_in_a_real_browser(
    app: Flask,
    chromium: Browser,
    person: Callable[[str], Person],
    world: World,
    typed: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(frame, "live_url", lambda: "")
    monkeypatch.setattr(frame, "SOCKET_PATH", "")
    profile_of(world, "buyer", nasty(1)), profile_of(world, "admin", nasty(3))
    heard: list[str] = []
    with serving(partial(Flask.wsgi_app, app)) as url:
        for name, paths in PAGES.items():
            cookie = person(name).client.get_cookie("baton")
            assert cookie is not None
            context = chromium.new_context(base_url=url)
            context.add_cookies([{"name": "baton", "value": cookie.value, "url": url}])
            page = context.new_page()
            page.on("dialog", lambda dialog: (heard.append(f"dialog {dialog.message}"), dialog.dismiss()))
            page.on("console", lambda line: heard.append(line.text) if line.type == "error" else None)
            page.on("pageerror", lambda error: heard.append(str(error)))
            page.on("request", lambda request: heard.append(request.url) if "evil" in request.url else None)
            for path in (*paths, *(f"/tasks/{one}" if name == "buyer" else f"/admin/tasks/{one}" for one in typed[:8])):
                page.goto(path)
            context.close()
    assert heard == []


PAGES = {
    "buyer": ("/", "/tasks", "/orders", "/shop", "/checkout", "/notices", "/settings/profile",
    "/tasks/TI-2002/steps/details", "/messages", "/tasks/TI-2002/messages"),
    "admin": ("/admin/", "/admin/tasks/", "/admin/orders/", "/admin/organisations/", "/admin/products/",
    "/admin/audit/",
              "/admin/outbox/?state=any", "/admin/users/", "/admin/replies/", "/admin/instances/TI-2002/messages",
              "/admin/instances/TI-2002/messages?thread=notes"),
}  # fmt: skip
