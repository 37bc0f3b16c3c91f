"""The shipped move-in as people see it: the product as `baton up` starts it, a real Chromium, a Stripe beside it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests import samples
from tests.browser_tools import look_around
from tests.walks.product import Product, free_port, sign_in, sign_in_by_mail, up, visitor, wait_for
from worker.demo.checkout import Stripe

pytestmark = pytest.mark.browser
KEY, SECRET = "sk_test_walk", "whsec_walk"
INES = "ines.ferreira@mail.example"
"""The landlord's agreement NH-2026-1109 is for her; she has no account yet."""


@pytest.fixture(scope="module")
def till() -> Iterator[Stripe]:
    """Stripe, as far as the product can tell: it takes the money and calls back, signed."""
    server = Stripe(("127.0.0.1", 0), KEY, SECRET, hear="")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, till: Stripe) -> Iterator[Product]:
    port = free_port()
    till.hear_url = f"http://127.0.0.1:{port}/hooks/stripe"
    with up(
        tmp_path_factory.mktemp("up"),
        port,
        BATON_STRIPE_KEY=KEY,
        BATON_STRIPE_WEBHOOK_SECRET=SECRET,
        BATON_STRIPE_API_BASE=till.till.page,
    ) as running:
        yield running


@pytest.fixture
def staff(product: Product, chromium: Browser) -> Iterator[Page]:
    """Sam, who reviews what tenants send."""
    with visitor(product, chromium) as page:
        sign_in(page, "agent@demo.example")
        yield page


@pytest.fixture
def tenant(product: Product, chromium: Browser) -> Iterator[Page]:
    """A browser in which nobody has signed in yet."""
    with visitor(product, chromium) as page:
        yield page


def step_of(page: Page, title: str) -> Locator:
    """The card of a step on the page of staff."""
    return page.locator("section.step").filter(has=page.get_by_role("heading", name=title))


def row_of(page: Page, whom: str) -> Locator:
    return page.get_by_role("row").filter(has_text=whom)


def fill_date(place: Locator, day: str, month: str, year: str) -> None:
    for name, value in (("Day", day), ("Month", month), ("Year", year)):
        place.get_by_label(name, exact=True).fill(value)


@pytest.mark.requirement(
    "C1", "C2", "C4", "C5", "C6", "C7", "C8", "C10", "C12", "C18", "C19", "C20", "C27", "C29", "C32", "C33", "C34",
    "C35", "C36", "C41", "C42", "C43", "C45", "D4", "X2", "X19", "X22", "X27", "Q28",
)  # fmt: skip
def test_a_whole_move_in(product: Product, till: Stripe, staff: Page, tenant: Page) -> None:
    invite(staff)
    accept(product, tenant)
    give_identity(product, tenant)
    return_it(staff)
    resubmit(product, tenant)
    approve(staff)
    household_and_pets(product, tenant, staff)
    pay(product, till, tenant)
    link_agreement(staff)
    choose_keys(tenant)
    conclude(product, staff)
    rate(tenant, staff)


def invite(staff: Page) -> None:
    staff.goto("/admin/instances/")
    look_around(staff, "list")
    staff.get_by_role("link", name="New task instance").click()
    staff.get_by_role("link", name="For somebody who is no tenant yet").click()
    staff.get_by_label("Task flow").select_option(label="Move-in")
    expect(staff.get_by_label("Monthly rent")).to_be_visible()
    staff.get_by_role("button", name="Send the invitation").click()
    expect(staff.get_by_text("There is a problem")).to_be_visible()
    staff.get_by_label("Name of the tenant").fill("Ines Ferreira")
    staff.get_by_label("Email", exact=True).fill(INES)
    staff.get_by_label("Address of the home").fill("Flat 11, Foundry Court\nLeeds LS9 8HT")
    staff.get_by_label("Monthly rent").fill("760")
    staff.get_by_label("Pay your deposit").fill("876.90")
    staff.get_by_label("Message to the customer").fill("I look forward to meeting you.")
    look_around(staff, "invite")
    staff.get_by_role("button", name="Send the invitation").click()
    expect(staff.get_by_text("The invitation is on its way.")).to_be_visible()


def accept(product: Product, tenant: Page) -> None:
    mail = product.mail_to(INES, "Sam Okoro asks you to go through Move-in")
    tenant.goto(product.link_in(mail, "/invite/"))
    expect(tenant.get_by_text("I look forward to meeting you.")).to_be_visible()
    expect(tenant.get_by_label("Your name")).to_have_value("Ines Ferreira")
    look_around(tenant, "invitation")
    tenant.get_by_role("button", name="Accept and begin").click()
    expect(tenant.get_by_role("heading", name="Move-in")).to_be_visible()
    expect(tenant.get_by_text("0 of 5 steps completed, more may come")).to_be_visible()
    look_around(tenant, "begun")


def give_identity(product: Product, tenant: Page) -> None:
    tenant.get_by_role("link", name="Begin with “Who you are”").click()
    tenant.get_by_role("button", name="Submit").click()
    expect(tenant.get_by_text("There is a problem")).to_be_visible()
    tenant.get_by_label("Full legal name").fill("Ines F")
    fill_date(tenant.get_by_role("group", name="Date of birth"), "1", "5", "1990")
    tenant.get_by_label("Yes", exact=True).check()
    passport = samples.picture(width=900, height=600)
    tenant.set_input_files("#passport", {"name": "passport.jpg", "mimeType": "image/jpeg", "buffer": passport})
    expect(tenant.get_by_text("Uploaded", exact=True)).to_be_visible()  # so the worker has looked at it
    look_around(tenant, "identity")
    tenant.get_by_role("button", name="Submit").click()
    expect(tenant.get_by_text("Sent. We review your answers and email you.")).to_be_visible()
    expect(tenant.get_by_text("We are reviewing “Who you are”.")).to_be_visible()
    look_around(tenant, "identity-sent")


def open_request(staff: Page, whom: str) -> None:
    staff.goto("/admin/instances/")
    row_of(staff, whom).get_by_role("link", name="Move-in").click()
    expect(staff.get_by_role("heading", name="Move-in")).to_be_visible()


def return_it(staff: Page) -> None:
    staff.goto("/admin/instances/")
    staff.get_by_role("link", name="Awaiting review").click()
    row = row_of(staff, "Ines Ferreira")
    for words in ("Flat 11, Foundry Court, Leeds LS9 8HT", "Unassigned", "Awaiting review", "may grow", "Onboarding"):
        expect(row).to_contain_text(words)
    row.get_by_role("button", name="Actions").click()
    staff.get_by_role("button", name="Assign to me").locator("visible=true").click()
    expect(row).to_contain_text("Sam Okoro")
    row.get_by_role("link", name="Move-in").click()
    expect(staff.locator("#assignment")).to_contain_text("Assigned to Sam Okoro")
    card = step_of(staff, "Who you are")
    expect(card).to_contain_text("Pending approval")
    expect(card.locator("a", has_text="passport.jpg")).to_be_visible()
    expect(card.get_by_role("img")).to_be_visible()
    look_around(staff, "review")
    card.get_by_role("button", name="Return for resubmission").click()
    expect(staff.get_by_text("There is a problem")).to_be_visible()
    card.get_by_text("Remark on Full legal name").click()
    card.get_by_label("Remark on “Full legal name”").fill("As it stands in your passport")
    card.get_by_label("Message to the customer").fill("Please give your whole name.")
    look_around(staff, "returning")
    card.get_by_role("button", name="Return for resubmission").click()
    expect(step_of(staff, "Who you are")).to_contain_text("Returned by Sam Okoro")
    expect(staff.locator("#head")).to_contain_text("In progress")
    look_around(staff, "returned")


def resubmit(product: Product, tenant: Page) -> None:
    product.mail_to(INES, "Please give your whole name.")
    expect(tenant.get_by_role("heading", name="We need you to change something")).to_be_visible()  # without reloading
    look_around(tenant, "changes-needed")
    tenant.get_by_role("link", name="Change “Who you are”").first.click()
    expect(tenant.get_by_text("Sam Okoro: “As it stands in your passport”")).to_be_visible()
    look_around(tenant, "resubmission")
    tenant.get_by_label("Full legal name").fill("Ines Ferreira")
    expect(tenant.get_by_text("passport.jpg").first).to_be_visible()
    tenant.get_by_role("button", name="Submit").click()
    expect(tenant.get_by_text("We are reviewing “Who you are”.")).to_be_visible()


def approve(staff: Page) -> None:
    card = step_of(staff, "Who you are")
    expect(card).to_contain_text("Pending approval")  # without reloading
    expect(card).to_contain_text("attempt 2")
    card.get_by_role("link", name="compare with attempt 1").click()
    compared = staff.get_by_role("dialog")
    expect(compared.get_by_role("row").filter(has_text="Full legal name")).to_contain_text("Changed")
    look_around(staff, "compared")
    staff.keyboard.press("Escape")
    card.get_by_role("button", name="Approve", exact=True).click()
    expect(step_of(staff, "Who you are")).to_contain_text("Completed")


def household_and_pets(product: Product, tenant: Page, staff: Page) -> None:
    tenant.get_by_role("link", name="Your household", exact=True).click()
    tenant.get_by_label("How many people will live here?").fill("2")
    tenant.get_by_label("Household income per month").fill("3,100")
    tenant.get_by_role("group", name="Do you have pets?").get_by_label("Yes").check()
    look_around(tenant, "household")
    tenant.get_by_role("button", name="Submit").click()
    expect(tenant.get_by_role("link", name="Tell us about your pets", exact=True)).to_be_visible()
    expect(tenant.get_by_text("2 of 6 steps completed")).to_be_visible()
    look_around(tenant, "grown")
    tenant.get_by_role("link", name="Tell us about your pets", exact=True).click()
    tenant.get_by_role("button", name="Add one Pets").click()
    pet = tenant.get_by_role("group", name="Pets 1")
    pet.get_by_label("Cat").check()
    pet.get_by_label("Name").fill("Miso")
    look_around(tenant, "pets")
    tenant.get_by_role("button", name="Submit").click()
    expect(tenant.get_by_text("We are reviewing “Tell us about your pets”.")).to_be_visible()
    card = step_of(staff, "Tell us about your pets")
    expect(card).to_contain_text("Miso")
    card.get_by_role("button", name="Approve", exact=True).click()
    expect(step_of(staff, "Tell us about your pets")).to_contain_text("Completed")


def pay(product: Product, till: Stripe, tenant: Page) -> None:
    tenant.get_by_role("link", name="Pay your deposit", exact=True).click()
    expect(tenant.get_by_text("£876.90").first).to_be_visible()
    look_around(tenant, "pay")
    forged = Request(till.hear_url, b'{"type": "checkout.session.completed"}', {"Stripe-Signature": "t=1,v1=00"})
    with pytest.raises(HTTPError, match="401"):
        urlopen(forged, timeout=10)
    tenant.get_by_role("button", name="Pay £876.90").click()
    tenant.wait_for_url("**/checkout/**")
    tenant.get_by_role("button", name="Decline the card").click()
    expect(tenant.get_by_role("heading", name="The payment did not go through")).to_be_visible()
    look_around(tenant, "declined")
    tenant.get_by_role("button", name="Try again: pay £876.90").click()
    tenant.wait_for_url("**/checkout/**")
    tenant.get_by_role("button", name="Pay £876.90").click()
    expect(tenant.get_by_role("heading", name="Paid £876.90")).to_be_visible()
    tenant.wait_for_load_state(
        "networkidle"
    )  # where the provider's word came later, the page asks and goes on by itself
    wait_for(lambda: ("checkout.session.completed", 204) in till.sent, "the webhook to be heard")
    look_around(tenant, "paid")
    product.mail_to(INES, "£876.90")
    tenant.get_by_role("link", name="Go on with the task").click()
    expect(tenant.get_by_text("It is our turn: “Prepare the agreement”.")).to_be_visible()
    look_around(tenant, "our-turn")


def link_agreement(staff: Page) -> None:
    open_request(staff, "Ines Ferreira")
    expect(step_of(staff, "Pay your deposit")).to_contain_text("£876.90")
    look_around(staff, "paid-for-staff")
    step_of(staff, "Prepare the agreement").get_by_role("link", name="Complete step…").click()
    dialog = staff.get_by_role("dialog")
    fill_date(dialog.get_by_role("group", name="Move-in date"), "1", "12", "2031")
    look_around(staff, "move-in-date")
    dialog.get_by_role("button", name="Complete step").click()
    staff.get_by_role("link", name="Link to Agreement").click()
    dialog = staff.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="NH-2026-1109")).to_be_visible()
    look_around(staff, "linking")
    dialog.get_by_role("button", name="Link NH-2026-1109").click()
    expect(step_of(staff, "Prepare the agreement")).to_contain_text("Completed")
    look_around(staff, "linked")


def choose_keys(tenant: Page) -> None:
    tenant.get_by_role("link", name="Go on with “Collect your keys”").click()
    expect(tenant.get_by_role("heading", name="Collect your keys")).to_be_visible()
    look_around(tenant, "keys")
    tenant.get_by_label("Pick a time").select_option(index=1)
    tenant.get_by_role("button", name="Submit").click()
    expect(tenant.get_by_text("Every step is completed.")).to_be_visible()
    look_around(tenant, "all-done")


def conclude(product: Product, staff: Page) -> None:
    outcome = staff.locator("#outcome")
    expect(outcome.get_by_role("button", name="Confirm outcome")).to_be_visible()  # without reloading
    message = outcome.get_by_label("Message to the customer")
    expect(message).to_have_value("Welcome home, Ines. Your tenancy starts on 1 December 2031.")
    look_around(staff, "outcome-open")
    outcome.get_by_label("Close Request").check()
    expect(message).to_have_value("We could not go ahead with this tenancy.")
    outcome.get_by_label("Complete Request").check()
    message.fill("Welcome home, Ines and Miso. Ring me when you are in.")
    outcome.get_by_role("button", name="Confirm outcome").click()
    expect(outcome).to_contain_text("Complete Request")
    look_around(staff, "concluded")
    product.mail_to(INES, "Welcome home, Ines and Miso.")


def rate(tenant: Page, staff: Page) -> None:
    tenant.goto("/")
    look_around(tenant, "home-done")
    tenant.get_by_role("link", name="Rate it Move-in").click()
    expect(tenant.get_by_text("Welcome home, Ines and Miso. Ring me when you are in.").first).to_be_visible()
    look_around(tenant, "outcome")
    tenant.get_by_label("Very satisfied", exact=True).check()
    tenant.get_by_label("What could we do better?").fill("Nothing. Miso likes it here.")
    tenant.get_by_role("button", name="Send feedback").click()
    expect(tenant.get_by_text("You said: Very satisfied.")).to_be_visible()
    look_around(tenant, "rated")
    staff.goto("/admin/instances/?status=completed")
    row = row_of(staff, "Ines Ferreira")
    for words in ("Completed", "100 %", "5/5", "Onboarding", "Sam Okoro"):
        expect(row).to_contain_text(words)


@pytest.mark.requirement("C23", "C24", "C25", "C26", "C28", "C44", "C46", "Q22", "Q27")
def test_an_answer_closes_it_by_itself(product: Product, staff: Page, tenant: Page) -> None:
    begin(staff, "gareth", "14 Mill Lane", rent="1,400")
    expect(step_of(staff, "Pay your deposit")).to_contain_text("Not needed")
    expect(step_of(staff, "Prepare the agreement")).to_contain_text("After “Who you are”, “Your household”.")
    sign_in_by_mail(product, tenant, "gareth.price@mail.example")
    tenant.get_by_role("link", name="Move-in").first.click()
    tenant.get_by_role("link", name="Your household", exact=True).click()
    tenant.get_by_label("How many people will live here?").fill("1")
    tenant.get_by_label("Household income per month").fill("1,900")
    tenant.get_by_label("No", exact=True).check()
    tenant.get_by_role("button", name="Submit").click()
    expect(tenant.get_by_text("The rent is more than we can offer for this income.").first).to_be_visible()
    look_around(tenant, "closed")
    card = staff.locator("#outcome")
    expect(card).to_contain_text("Not affordable")  # without reloading
    expect(card).to_contain_text("by itself")
    look_around(staff, "closed-for-staff")


@pytest.mark.requirement("C9", "C15", "C16", "C17", "C22", "Q20")
def test_one_is_overdue(product: Product, staff: Page) -> None:
    reference = begin(staff, "chapel row", "5 Chapel Row", rent="585")
    product.move_clock("+28d")
    staff.goto("/admin/instances/")
    staff.get_by_label("Views").get_by_role("link", name="Overdue").click()
    expect(row_of(staff, reference)).to_contain_text("Overdue")
    staff.goto("/admin/instances/")
    staff.get_by_text("Status", exact=True).first.click()
    staff.get_by_label("Overdue", exact=True).check()
    staff.get_by_role("button", name="Apply").click()
    row = row_of(staff, reference)
    for words in ("Not started", "Overdue", "days ago", "Admin Assigned"):
        expect(row).to_contain_text(words)
    look_around(staff, "overdue-list")
    row.get_by_role("link", name="Move-in").click()
    expect(staff.locator("#head")).to_contain_text("Overdue")
    look_around(staff, "overdue")
    staff.goto("/admin/instances/")
    staff.get_by_label("Name, email, address or TI-number").fill("margaret.ellis@mail.example")
    staff.get_by_role("button", name="Apply").click()
    expect(row_of(staff, reference)).to_be_visible()
    expect(row_of(staff, "Tomasz Wrona")).to_have_count(0)


def begin(staff: Page, search: str, home: str, rent: str) -> str:
    """A new task instance for somebody who is a tenant already; its reference."""
    staff.goto("/admin/instances/new")
    staff.get_by_label("Task flow").select_option(label="Move-in")
    expect(staff.get_by_label("Monthly rent")).to_be_visible()
    staff.get_by_label("Name, email, address or phone").fill(search)
    staff.get_by_role("button", name="Search").click()
    staff.locator("label.pick", has_text=home).get_by_role("radio").check()
    staff.get_by_label("Monthly rent").fill(rent)
    staff.get_by_label("Pay your deposit").fill("0")
    me = staff.get_by_role("option", name="Sam Okoro (you)").inner_text()
    staff.get_by_label("Assign to").select_option(label=me)
    look_around(staff, "new")
    staff.get_by_role("button", name="Create and open").click()
    expect(staff.get_by_role("heading", name="Move-in")).to_be_visible()
    return staff.url.rpartition("/")[2]
