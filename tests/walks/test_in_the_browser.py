"""The first job as people see it: the product as `baton up` starts it, a real Chromium, a provider beside it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from flows.rules.signatures import verify
from tests.walks.product import Product, free_port, sign_in, up, visitor, wait_for

pytestmark = pytest.mark.browser
SECRET = "a secret of the provider, long enough"
Taken = list[dict[str, Any]]
"""What the provider was asked to set up."""


@pytest.fixture(scope="module")
def provider() -> Iterator[tuple[str, Taken]]:
    taken: Taken = []

    class Provider(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            genuine = verify(self.headers["Baton-Signature"], body, SECRET)
            if genuine:
                taken.append(json.loads(body)["body"])
            self.send_response(200 if genuine else 401)
            self.end_headers()
            self.wfile.write(json.dumps({"reference": f"P-{len(taken)}"}).encode() if genuine else b"{}")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/provision", taken
    server.shutdown()
    server.server_close()


@pytest.fixture
def provisioned(provider: tuple[str, Taken]) -> Taken:
    return provider[1]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, provider: tuple[str, Taken]) -> Iterator[Product]:
    with up(
        tmp_path_factory.mktemp("up"),
        free_port(),
        BATON_PROVISION_URL=provider[0],
        BATON_WEBHOOK_HOSTS="127.0.0.1",
        BATON_WEBHOOK_SECRET=SECRET,
    ) as running:
        yield running


@pytest.fixture
def buyer(product: Product, chromium: Browser) -> Iterator[Page]:
    with visitor(product, chromium) as page:
        sign_in(page, "buyer@demo.example")
        expect(page.get_by_role("heading", name="Hello, Bea")).to_be_visible()
        yield page


def order(page: Page, *products: str) -> str:
    """Put products in the basket, check out, place; returns the order's number."""
    for name in products:
        page.goto("/shop")
        card = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name, exact=True))
        card.get_by_role("button", name="Add to basket").click()
        expect(page.get_by_text("Added to your basket.")).to_be_visible()
    page.goto("/basket")
    page.get_by_role("link", name="Check out").click()
    page.get_by_label("Customer", exact=True).select_option(label="Tidewater Seafoods")
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_role("heading", name="Order placed").first).to_be_visible()
    return page.locator("main strong").first.inner_text().removeprefix("#")


def row_of(page: Page, number: str) -> Any:
    return page.get_by_role("row").filter(has_text=f"Order #{number}")


def state_of(page: Page, number: str, words: str) -> None:
    """Wait until the order's page says so; it is fetched again, because a provider answers when it answers."""
    for _ in range(60):
        page.goto(f"/orders/{number}")
        if page.locator("main .tag", has_text=words).first.is_visible():
            return
        time.sleep(0.5)
    raise AssertionError(f"order {number} never said {words!r}: {page.locator('main').inner_text()[:600]}")


@pytest.mark.requirement(
    "A1",
    "A2",
    "A3",
    "A4",
    "A6",
    "A7",
    "A8",
    "A9",
    "A10",
    "A13",
    "A14",
    "A15",
    "A17",
    "A18",
    "A19",
    "A20",
    "A21",
    "A22",
    "A23",
)
def test_nobody_answers_and_the_whole_order_is_cancelled(product: Product, buyer: Page, provisioned: Taken) -> None:
    number = order(buyer, "Coro Essentials", "Microsoft 365 Business Premium")
    expect(buyer.get_by_text("We need more information to finish this order")).to_be_visible()
    wait_for(lambda: product.mails(f"#{number}"), "the first mail")
    toast = buyer.get_by_role("region", name="Notices")
    toast.get_by_role("link", name="View your outstanding tasks").click()
    expect(row_of(buyer, number)).to_contain_text("Pending")
    expect(row_of(buyer, number)).to_contain_text("Tidewater Seafoods")
    expect(row_of(buyer, number).get_by_role("link", name="Complete task")).to_be_visible()
    placed_on = product.today()
    for days, expected in ((3, 1), (5, 2), (7, 3)):
        product.move_clock_to(placed_on + timedelta(days=days), "09:00:10")
        wait_for(lambda count=expected: len(reminders(product, number)) == count, f"reminder {expected}")
    product.move_clock_to(placed_on + timedelta(days=8), "00:00:10")
    state_of(buyer, number, "Cancelled")
    buyer.goto("/tasks?status=Expired")
    expect(row_of(buyer, number)).to_contain_text("Expired")
    expect(row_of(buyer, number).get_by_role("link", name="Complete task")).to_have_count(0)
    assert [hook for hook in provisioned if hook["reference"] == f"#{number}"] == []


def reminders(product: Product, number: str) -> list[str]:
    return [name for name in product.mails(f"#{number}") if "reminder" in name.lower()]


@pytest.mark.requirement(
    "A5", "A11", "A16", "A24", "A25", "A26", "A27", "A28", "A29", "A30", "A31", "A32", "A33", "A34", "D4"
)
def test_the_task_is_completed_on_day_four(product: Product, buyer: Page, provisioned: Taken) -> None:
    number = order(buyer, "Coro Essentials")
    placed_on = product.today()
    product.move_clock_to(placed_on + timedelta(days=4), "12:00")
    buyer.goto("/tasks?status=Pending&status=Completed")
    row_of(buyer, number).get_by_role("link", name="Complete task").click()
    dialog = buyer.get_by_role("dialog")
    expect(dialog.get_by_label("Company Name")).to_have_value("Tidewater Seafoods")
    expect(dialog.get_by_label("Domain Name")).to_have_value("tidewater-seafoods.coro.example")
    dialog.get_by_role("button", name="Submit").click()
    expect(dialog.get_by_text("There is a problem")).to_be_visible()
    dialog.get_by_label("Admin Email").fill("it@tidewater.example")
    dialog.get_by_role("button", name="Submit").click()
    expect(row_of(buyer, number)).to_contain_text("Completed")  # in the grid, without reloading
    wait_for(lambda: any(hook["reference"] == f"#{number}" for hook in provisioned), "the provider's webhook")
    hook = next(hook for hook in provisioned if hook["reference"] == f"#{number}")
    assert hook["details"]["admin_email"] == "it@tidewater.example"
    state_of(buyer, number, "Completed")
    product.move_clock_to(placed_on + timedelta(days=9), "12:00")
    later = order(buyer, "Microsoft 365 Business Basic")
    wait_for(lambda: product.mails(f"#{later}"), "a later mail, so that nothing older is still to come")
    assert len(reminders(product, number)) == 1


@pytest.mark.requirement("A12")
def test_a_microsoft_only_order_completes_by_itself(product: Product, buyer: Page) -> None:
    number = order(buyer, "Microsoft 365 Business Standard")
    expect(buyer.get_by_text("You need do nothing more.")).to_be_visible()
    state_of(buyer, number, "Completed")
    buyer.goto("/tasks")
    expect(row_of(buyer, number)).to_have_count(0)
