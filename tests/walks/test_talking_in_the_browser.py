"""A tenant and an agent talk about a repair: on `baton up`, side by side in Chromium, through cuts and pushes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from tests.browser_tools import look_around
from tests.messaging.test_pushing import Browser
from tests.messaging.test_webhooks import Listener
from tests.walks.product import Product, free_port, sign_in, up, visitor, wait_for

pytestmark = pytest.mark.browser
PRIYA = "tenant@demo.example"
CUT_OFF = ("ERR_INTERNET_DISCONNECTED", "WebSocket connection")
"""What a console says while there is no network, or no live process."""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with up(tmp_path_factory.mktemp("up"), free_port(), BATON_WEBHOOK_HOSTS="127.0.0.1") as running:
        yield running


@dataclass
class Two:
    """Priya, the tenant, and Sam, the agent; what they talk about."""

    priya: Page
    sam: Page
    task: str = ""

    @property
    def home(self) -> str:
        return f"/tasks/{self.task}"

    @property
    def desk(self) -> str:
        return f"/admin/instances/{self.task}"


@pytest.fixture
def two(product: Product, chromium: Chromium) -> Iterator[Two]:
    with ExitStack() as browsers:
        pages = [browsers.enter_context(visitor(product, chromium, *CUT_OFF)) for _ in range(2)]
        sign_in(pages[0], PRIYA)
        sign_in(pages[1], "agent@demo.example")
        yield Two(*pages)


@pytest.mark.requirement(
    "C3", "C13", "C47", "C48", "C49", "C50", "C51", "C52", "C53", "C54", "D4", "Q21", "Q24", "X29"
)  # fmt: skip
def test_they_talk_about_a_repair(product: Product, chromium: Chromium, two: Two) -> None:
    report(two)
    nobody_has_it_yet(two)
    side_by_side(two)
    what_waits_is_seen_everywhere(two)
    without_network(two)
    without_the_live_process(product, two)
    pushed(two)
    mailed(product, two)
    without_javascript(product, chromium, two)
    completed(two)


def report(two: Two) -> None:
    priya = two.priya
    priya.goto("/requests/report-a-repair")
    priya.get_by_role("group", name="What is it about?").get_by_label("Heating or hot water").check()
    priya.get_by_label("Where in your home is it?").fill("The kitchen")
    priya.get_by_label("What is wrong?").fill("The boiler has no pressure")
    priya.get_by_role("button", name="Send").or_(priya.get_by_role("button", name="Start now")).first.click()
    expect(priya.get_by_role("heading", name="Report a repair")).to_be_visible()
    priya.wait_for_url("**/tasks/TI-*")
    two.task = priya.url.rpartition("/")[2].partition("#")[0].partition("?")[0]


def nobody_has_it_yet(two: Two) -> None:
    """Sam is elsewhere, and sees at once that somebody has written."""
    priya, sam = two.priya, two.sam
    sam.goto("/admin/orders/")
    connected(sam)
    before = waiting(sam)
    write(priya, "Is anybody there?")
    expect(unread_entry(sam)).to_contain_text(str(before + 1))
    expect(sam).to_have_title(f"({before + 1}) Orders – Baton staff")
    look_around(sam, "talk-elsewhere")
    sam.goto("/notices")
    expect(sam.get_by_text(f"New message about Report a repair ({two.task})").first).to_be_visible()


def side_by_side(two: Two) -> None:
    priya, sam = two.priya, two.sam
    sam.goto(two.desk)
    expect(sam.locator(".log .theirs .words")).to_have_text("Is anybody there?")
    expect(priya.locator("[data-receipt]")).to_contain_text("Read ")
    expect(sam.locator("[data-presence]")).to_have_text("Priya Shah is also viewing")
    expect(priya.locator("[data-presence]")).to_be_empty()
    sam.get_by_label("Your message").press_sequentially("Yes. What does")
    expect(priya.locator("[data-typing]")).to_have_text("Sam Okoro is typing…")
    look_around(priya, "talk-typing")
    sam.keyboard.press("Shift+Enter")
    sam.keyboard.type("the display say?")
    sam.keyboard.press("Enter")
    expect(priya.locator(".log .theirs .words")).to_have_text("Yes. What does\nthe display say?")
    expect(priya.locator("[data-typing]")).to_be_empty()
    expect(sam.locator("[data-receipt]")).to_contain_text("Read ")
    look_around(sam, "talk-desk")


def what_waits_is_seen_everywhere(two: Two) -> None:
    """In the list, in the navigation and in the title, at both doors, until it is read."""
    priya, sam = two.priya, two.sam
    sam.goto(f"/admin/instances/?q={two.task}")
    connected(sam)
    before = waiting(sam)
    write(priya, "F22")
    write(priya, "And it drips")
    row = sam.get_by_role("row").filter(has_text=two.task)
    expect(row.locator("td[data-label=Messages] .badge")).to_contain_text("2")
    expect(sam).to_have_title(f"({before + 2}) Task instances – Baton staff")
    look_around(sam, "talk-list")
    priya.goto("/tasks")
    connected(priya)
    row.get_by_role("link", name="Report a repair").click()
    expect(sam.locator(".log .theirs .words").last).to_have_text("And it drips")
    expect(sam.locator("#talk [data-unread]")).to_be_hidden()
    wait_for(lambda: waiting(sam) == before, "the navigation of the page where it was read")
    write(sam, "I look up what that means")
    expect(priya.get_by_role("link", name="Messages 1 waiting")).to_be_visible()
    expect(priya).to_have_title("(1) Your tasks – Baton")
    priya.goto("/messages")
    expect(priya.get_by_text("1 unread")).to_be_visible()
    look_around(priya, "talk-conversations")
    priya.goto(two.home)
    expect(priya.locator("#talk [data-unread]")).to_be_hidden()
    expect(priya).to_have_title("Report a repair, " + two.task + " – Baton")


def without_network(two: Two) -> None:
    priya, sam = two.priya, two.sam
    priya.context.set_offline(True)
    write(priya, "In the tunnel")
    unsent = priya.locator(".unsent")
    expect(unsent).to_contain_text("Reconnecting… Your message will be sent when you are back.")
    look_around(priya, "talk-cut")
    unsent.get_by_role("button", name="Try again").click()
    expect(unsent.get_by_role("button", name="Try again")).to_be_visible()
    priya.context.set_offline(False)
    expect(unsent).to_have_count(0)
    expect(priya.locator(".log .mine .words").last).to_have_text("In the tunnel")
    expect(sam.locator(".log .theirs .words", has_text="In the tunnel")).to_have_count(1)


def without_the_live_process(product: Product, two: Two) -> None:
    priya, sam = two.priya, two.sam
    connected(priya), connected(sam)
    for page in (priya, sam):
        page.evaluate("window.before = document.body.socket")
    product.kill("live")
    wait_for(lambda: priya.evaluate("window.before.readyState === 3"), "the end of the connection")
    write(sam, "Bleed the radiator first")
    expect(sam.locator(".log .mine:not(.unsent) .words").last).to_have_text("Bleed the radiator first")
    for page in (priya, sam):
        connected(page, "document.body.socket !== window.before")
    expect(priya.locator(".log .theirs .words").last).to_have_text("Bleed the radiator first")
    expect(priya.locator(".log .theirs .words", has_text="Bleed the radiator first")).to_have_count(1)
    sam.get_by_label("Your message").press_sequentially("Then")
    expect(priya.locator("[data-typing]")).to_have_text("Sam Okoro is typing…")
    sam.keyboard.press("Control+A")
    sam.keyboard.press("Delete")


def pushed(two: Two) -> None:
    """The browser subscribes, where its push service can be reached; what the product seals for it wakes its worker."""
    priya, sam = two.priya, two.sam
    service = Listener()
    subscription = Browser(ec.generate_private_key(ec.SECP256R1()), b"s" * 16, service.url)
    priya.context.grant_permissions(["notifications"])
    priya.goto("/settings/notifications")
    look_around(priya, "talk-notifications")
    priya.get_by_role("button", name="Turn push on in this browser").click()
    expect(priya.get_by_text("This browser could not turn push on.")).to_be_visible()  # no push service here
    # So its subscription is one that we can open ourselves; the door, the sealing and the worker are the real ones.
    priya.evaluate(
        """given => {
            const form = document.querySelector("[data-push]");
            for (const [name, value] of Object.entries(given)) form.elements[name].value = value;
            form.submit();
        }""",
        {"endpoint": subscription.endpoint, **subscription.keys},
    )
    expect(priya.get_by_text("Last used")).to_be_visible()
    service.got.clear()
    write(sam, "Push the red button")
    wait_for(lambda: any(opened(subscription, content)["type"] == "message" for _, content in service.got), "a push")
    words = next(words for _, content in service.got if (words := opened(subscription, content))["type"] == "message")
    assert words["reference"] == two.task
    assert "red button" not in json.dumps(words)
    deliver(priya, words)
    wait_for(lambda: shown(priya), "the notification")
    assert shown(priya) == [["New messages", two.task, f"{priya.url.partition('/settings')[0]}{two.home}#talk"]]
    service.server.shutdown()
    service.server.server_close()


def opened(subscription: Browser, content: bytes) -> dict[str, Any]:
    return subscription.opens(content)


def deliver(page: Page, words: dict[str, Any]) -> None:
    """To the worker of this page, as the browser would once its push service has handed it over."""
    known: list[dict[str, Any]] = []
    session = page.context.new_cdp_session(page)
    session.on("ServiceWorker.workerRegistrationUpdated", lambda said: known.extend(said["registrations"]))
    session.send("ServiceWorker.enable")
    worker = "navigator.serviceWorker.getRegistration('/static/').then((one) => Boolean(one?.active))"
    wait_for(lambda: page.evaluate(worker) and known, "the worker")
    origin = page.evaluate("location.origin")
    number = known[-1]["registrationId"]
    data = {"origin": origin, "registrationId": number, "data": json.dumps(words)}
    session.send("ServiceWorker.deliverPushMessage", data)
    session.detach()


def shown(page: Page) -> list[list[str]]:
    """Title, text and address of each notification that the worker shows."""
    found: list[list[str]] = page.evaluate(
        """async () => {
            const worker = await navigator.serviceWorker.getRegistration("/static/");
            return (await worker.getNotifications()).map(({ title, body, data }) => [title, body, data]);
        }"""
    )
    return found


def mailed(product: Product, two: Two) -> None:
    """Priya does not look: after ten minutes there is a mail, and in the evening the one of the day."""
    product.move_clock("+11m")
    mail = product.mail_to(PRIYA, f"New message about Report a repair ({two.task})")
    assert "red button" not in mail
    assert product.link_in(mail, "/tasks/").endswith(two.task)
    evening = product.today() + timedelta(days=1)
    product.move_clock_to(evening, "17:05")
    daily = product.mail_to(PRIYA, "unread message")
    assert f"Report a repair ({two.task}): 1 – Sam Okoro" in daily


def without_javascript(product: Product, chromium: Chromium, two: Two) -> None:
    known = two.priya.context.storage_state()
    with visitor(product, chromium, java_script_enabled=False, storage_state=known) as plain:
        plain.goto(two.home)
        expect(plain.locator(".log .theirs .words").last).to_have_text("Push the red button")
        expect(plain.locator(".log .new")).to_be_visible()
        plain.get_by_role("button", name="Send").click()
        expect(plain.get_by_text("Write a message, or attach a file").first).to_be_visible()
        plain.get_by_label("Your message").fill("It is warm again")
        plain.get_by_role("button", name="Send").click()
        expect(plain.locator(".log .mine .words").last).to_have_text("It is warm again")
        expect(plain.get_by_role("button", name="Mark as read")).to_have_count(0)
    expect(two.sam.locator(".log .theirs .words").last).to_have_text("It is warm again")


def completed(two: Two) -> None:
    """The composer closes with the request, and what was said stays."""
    priya, sam = two.priya, two.sam
    priya.goto(two.home)
    connected(priya)
    priya.get_by_label("Your message").fill("One more thing")
    do_step(sam, "Look at the report", ("Is it ours to repair?", "Yes"), ("Does somebody have to come?", "No"))
    step = sam.locator("[data-card]").filter(has=sam.get_by_role("heading", name="Carry out the repair"))
    step.get_by_role("link", name="Complete step…").click()
    dialog, today = sam.get_by_role("dialog"), sam.evaluate("[new Date().getDate(), new Date().getMonth() + 1]")
    for part, value in zip(("Day", "Month", "Year"), (*today, 2026), strict=True):
        dialog.get_by_role("group", name="Done on").get_by_label(part).fill(str(value))
    dialog.get_by_label("What was done").fill("Refilled it")
    dialog.get_by_role("button", name="Complete step").click()
    expect(dialog).to_have_count(0)
    answer = priya.context.new_page()
    answer.goto(two.home)
    answer.get_by_role("link", name="Tell us whether it is fixed", exact=True).click()
    answer.get_by_label("Yes, it is fixed").check()
    answer.get_by_role("button", name="Submit").click()
    expect(answer.get_by_text("completed").first).to_be_visible()
    closed = "Messaging is closed because this request was completed"
    expect(priya.locator("#talk .closed")).to_contain_text(closed)
    expect(priya.locator("#talk textarea")).to_have_value("One more thing")
    expect(priya.locator("#talk textarea")).not_to_be_editable()
    expect(priya.locator(".log .words").first).to_have_text("Is anybody there?")
    look_around(priya, "talk-closed")
    sam.reload()
    expect(sam.locator("#talk .closed")).to_contain_text(closed)
    expect(sam.locator(".log .words").first).to_have_text("Is anybody there?")
    expect(sam.get_by_role("button", name="Send", exact=True)).to_have_count(0)
    look_around(sam, "talk-closed-desk")


def do_step(sam: Page, title: str, *answers: tuple[str, str]) -> None:
    step = sam.locator("[data-card]").filter(has=sam.get_by_role("heading", name=title))
    step.get_by_role("link", name="Complete step…").click()
    dialog = sam.get_by_role("dialog")
    for question, answer in answers:
        dialog.get_by_role("group", name=question).get_by_label(answer, exact=True).check()
    dialog.get_by_role("button", name="Complete step").click()
    expect(dialog).to_have_count(0)


def write(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")


def connected(page: Page, how: str = "true") -> None:
    """A hint that was said before a page hears any is caught up later; here it is waited for."""
    wait_for(lambda: page.evaluate(f"{how} && document.body.socket?.readyState === 1"), "a connection")


def unread_entry(sam: Page) -> Any:
    return sam.locator("#nav").get_by_role("link", name="Unread messages")


def waiting(sam: Page) -> int:
    """How many unread messages the navigation tells of."""
    badges = unread_entry(sam).locator(".badge").all_inner_texts()  # at once: a refresh may take it away meanwhile
    return int(badges[0].split()[0]) if badges else 0
