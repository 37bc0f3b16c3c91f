"""The first job as people see it: the product as `baton up` starts it, a real Chromium, a provider beside it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from flows.rules.signatures import verify

pytestmark = pytest.mark.browser
SECRET = "a secret of the provider, long enough"
PATIENCE = 30_000


@dataclass
class Product:
    """A running Baton: where it is, what it wrote, and its clock."""

    address: str
    folder: Path
    environment: dict[str, str]
    provisioned: list[dict[str, Any]] = field(default_factory=list)

    def move_clock(self, by: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "worker", "demo", "clock", by], env=self.environment, check=True, capture_output=True
        )

    def move_clock_to(self, day: date, at: str) -> None:
        """Move on to a local time of a day in the buyer's zone: reminders go out at nine, whatever time it is now."""
        shift = self.folder / "clock-shift"
        now = datetime.now(UTC) + timedelta(seconds=float(shift.read_text()) if shift.exists() else 0)
        goal = datetime.combine(day, clock_time.fromisoformat(at), ZoneInfo("Europe/London"))
        self.move_clock(f"+{int((goal - now).total_seconds())}s")

    def today(self) -> date:
        shift = self.folder / "clock-shift"
        return (
            datetime.now(ZoneInfo("Europe/London"))
            + timedelta(seconds=float(shift.read_text()) if shift.exists() else 0)
        ).date()

    def mails(self, words: str) -> list[str]:
        """File names of the mails whose text has these words."""
        return [
            path.name
            for path in sorted((self.folder / "mail").glob("*.eml"))
            if words in path.read_text(errors="replace").replace("=\n", "")
        ]


def wait_for(happened: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE / 1000
    while not happened():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.1)


def free_port() -> int:
    """A port whose two neighbours are free too: web, live, provider."""
    while True:
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
        try:
            for neighbour in (port, port + 1, port + 2):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", neighbour))
        except OSError:
            continue
        return port


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder, port = tmp_path_factory.mktemp("up"), free_port()
    taken: list[dict[str, Any]] = []

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

    provider = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=provider.serve_forever, daemon=True).start()
    environment = {
        **os.environ, "BATON_MODE": "demo", "BATON_DATA": str(folder), "BATON_PORT": str(port),
        "BATON_PROVISION_URL": f"http://127.0.0.1:{provider.server_port}/provision", "BATON_WEBHOOK_HOSTS": "127.0.0.1",
        "BATON_WEBHOOK_SECRET": SECRET, "DATABASE_URL": "", "REDIS_URL": "",
    }  # fmt: skip
    with (folder / "up.log").open("w") as said:
        up = subprocess.Popen(
            [sys.executable, "-m", "worker", "up"], env=environment, stdout=said, stderr=said, start_new_session=True
        )
    running = Product(f"http://127.0.0.1:{port}", folder, environment, taken)
    try:
        wait_for(lambda: is_ready(running.address), f"the product to be ready: {(folder / 'up.log').read_text()}")
        yield running
    finally:
        up.send_signal(signal.SIGTERM)
        try:
            up.wait(20)
        except subprocess.TimeoutExpired:
            up.kill()
        provider.shutdown()
        provider.server_close()


def is_ready(address: str) -> bool:
    try:
        with urlopen(f"{address}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture
def buyer(product: Product, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(base_url=product.address, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text) if message.type == "error" and "status of 422" not in message.text else None
        ),
    )
    page.goto("/sign-in")
    page.get_by_label("Email", exact=True).fill("buyer@demo.example")
    page.get_by_label("Use my password").check()
    page.locator("#password").fill("demo")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Hello, Bea")).to_be_visible()
    yield page
    assert complaints == []
    context.close()


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
def test_nobody_answers_and_the_whole_order_is_cancelled(product: Product, buyer: Page) -> None:
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
    assert [hook for hook in product.provisioned if hook["reference"] == f"#{number}"] == []


def reminders(product: Product, number: str) -> list[str]:
    return [name for name in product.mails(f"#{number}") if "reminder" in name.lower()]


@pytest.mark.requirement(
    "A5", "A11", "A16", "A24", "A25", "A26", "A27", "A28", "A29", "A30", "A31", "A32", "A33", "A34", "D4"
)
def test_the_task_is_completed_on_day_four(product: Product, buyer: Page) -> None:
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
    wait_for(lambda: any(hook["reference"] == f"#{number}" for hook in product.provisioned), "the provider's webhook")
    hook = next(hook for hook in product.provisioned if hook["reference"] == f"#{number}")
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
