"""A case and its tasks as people see them, a client, two departments and a manager: on `baton up`, in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.walks.product import Product, free_port, sign_in, sign_in_by_mail, up, visitor

pytestmark = pytest.mark.browser
SUBJECT = "Noise from flat 4"
BOXES = ("pending", "created", "related")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with up(tmp_path_factory.mktemp("up"), free_port()) as running:
        yield running


@dataclass
class People:
    """Priya is the client. Joe manages Repairs; Sam works in Lettings, which Maya manages."""

    priya: Page
    joe: Page
    sam: Page
    maya: Page


@pytest.fixture
def people(product: Product, chromium: Browser) -> Iterator[People]:
    with ExitStack() as browsers:
        pages = [browsers.enter_context(visitor(product, chromium)) for _ in range(4)]
        found = People(*pages)
        sign_in(found.priya, "tenant@demo.example")
        sign_in(found.sam, "agent@demo.example")
        sign_in_by_mail(product, found.joe, "joe@northgate.example")
        sign_in_by_mail(product, found.maya, "maya@northgate.example")
        yield found


@pytest.mark.requirement(
    "B1", "B3", "B4", "B5", "B6", "B7", "B8", "B9", "B10", "B12", "B13", "B14", "B15", "B16", "B18", "B19", "B22",
    "B23", "B24", "B25", "B26", "B30", "B31", "B32", "B33", "B34", "Q11", "Q12", "Q13", "Q14", "Q16",
)  # fmt: skip
def test_a_case_from_the_client_and_back(product: Product, people: People) -> None:
    case = raise_case(people.priya)
    forward(product, people, case)
    ask_the_client(product, people, case)
    task = make_and_resolve_a_task(people, case)
    complete_and_reopen(product, people, case, task)
    cancel(people, case)


def raise_case(priya: Page) -> str:
    priya.goto("/cases")
    priya.get_by_role("link", name="New case").click()
    priya.get_by_label("Subject").fill(SUBJECT)
    priya.get_by_label("Repairs").check()
    priya.get_by_role("button", name="Send").click()
    expect(priya.get_by_text("There is a problem")).to_be_visible()
    expect(priya.get_by_label("Subject")).to_have_value(SUBJECT)
    priya.get_by_label("What do you need?").fill("Every night after eleven")
    priya.get_by_role("button", name="Send").click()
    expect(priya.get_by_role("heading", name=SUBJECT)).to_be_visible()
    expect(priya.locator("main .tag").first).to_have_text("Received")
    return priya.url.rpartition("/")[2]


def forward(product: Product, people: People, case: str) -> None:
    """The manager of Repairs finds it on the board of the team and passes it on to Lettings."""
    joe, sam = people.joe, people.sam
    joe.goto("/admin/board/")
    joe.get_by_role("link", name="Team: Repairs").click()
    joe.get_by_role("row").filter(has_text=case).get_by_role("link", name=SUBJECT).click()
    begin(joe, "Forward…")
    dialog = joe.get_by_role("dialog")
    dialog.get_by_label("Lettings").check()
    expect(dialog.get_by_label("Maya Lindgren")).to_be_visible()
    expect(dialog.get_by_label("Hana Novak"), "only who works there").to_have_count(0)
    dialog.get_by_label("Sam Okoro").check()
    dialog.get_by_label("Comment").fill("It is about the tenancy")
    finish(joe, "Forward")
    expect(fact(joe, "With")).to_contain_text("Sam Okoro (Lettings)")
    product.mail_to("agent@demo.example", f"{case} is assigned to you")
    assert (boxes(joe, case), boxes(sam, case)) == ({"related"}, {"pending"})
    people.priya.reload()
    expect(people.priya.locator("main")).not_to_contain_text("Lettings, ")
    expect(people.priya.locator("main")).not_to_contain_text("Forward")


def ask_the_client(product: Product, people: People, case: str) -> None:
    """Sam starts, on the board; replies with a question; the client answers and it is Sam's again."""
    sam, priya = people.sam, people.priya
    sam.goto("/admin/board/?look=board")
    card = sam.locator(f"#card-{case}")
    card.get_by_role("button", name="Move to…").click()
    card.get_by_role("link", name="Doing").click()
    finish(sam, "Doing")
    expect(column(sam, "In progress").locator(f"#card-{case}")).to_be_visible()
    card.get_by_role("button", name="Move to…").click()
    card.get_by_role("link", name="Reply").click()
    sam.get_by_role("dialog").get_by_label("Comment").fill("Which nights exactly?")
    finish(sam, "Reply")
    expect(card).to_have_count(0)
    assert boxes(sam, case) == {"related"}

    product.mail_to("tenant@demo.example", "We need an answer from you")
    priya.goto(f"/cases/{case}")
    expect(priya.get_by_role("heading", name="We need an answer from you")).to_be_visible()
    expect(priya.locator("main")).to_contain_text("Which nights exactly?")
    for name in ("Doing", "Forward", "Reply", "Complete"):
        expect(priya.get_by_role("link", name=name, exact=True)).to_have_count(0)
    priya.get_by_label("Comment").fill("Friday and Saturday")
    priya.get_by_role("button", name="Add comment").click()
    expect(priya.get_by_role("heading", name="We need an answer from you")).to_have_count(0)
    assert boxes(sam, case) == {"pending"}
    sam.goto(f"/admin/cases/{case}")
    expect(sam.locator("h1 .tag").first).to_have_text("New")
    expect(sam.locator(".timeline")).to_contain_text("Friday and Saturday")


def make_and_resolve_a_task(people: People, case: str) -> str:
    sam, joe = people.sam, people.joe
    begin(sam, "Doing…")
    finish(sam, "Doing")
    expect(sam.locator("h1 .tag").first).to_have_text("In progress")
    sam.get_by_role("link", name="New task on this case").click()
    if sam.get_by_role("heading", name="What is to be created?").is_visible():
        sam.get_by_role("link", name="Department task").click()
    sam.get_by_label("Subject").fill("Measure the noise")
    sam.get_by_label("Repairs").check()
    sam.get_by_label("Assign to").select_option(label="Joe Byrne")
    sam.get_by_label("High").check()
    sam.get_by_role("button", name="Create").click()
    expect(sam.get_by_role("heading", name="Measure the noise")).to_be_visible()
    task = sam.url.rpartition("/")[2]
    assert (boxes(sam, task), boxes(joe, task)) == ({"created"}, {"pending"})

    joe.goto(f"/admin/board/{task}")
    begin(joe, "Doing…")
    finish(joe, "Doing")
    begin(joe, "Complete…")
    joe.get_by_role("dialog").get_by_role("button", name="Complete").click()
    expect(joe.get_by_role("dialog").get_by_text("Say why, in a comment").first).to_be_visible()
    joe.get_by_role("dialog").get_by_label("Comment").fill("68 decibels at midnight")
    finish(joe, "Complete")
    expect(joe.locator("h1 .tag").first).to_have_text("Resolved")
    assert (boxes(sam, task), boxes(joe, task)) == ({"created"}, set())
    return task


def complete_and_reopen(product: Product, people: People, case: str, task: str) -> None:
    sam, priya = people.sam, people.priya
    sam.goto(f"/admin/cases/{case}")
    expect(sam.locator("ul.tasks li").filter(has_text=task)).to_contain_text("Resolved")
    begin(sam, "Complete…")
    sam.get_by_role("dialog").get_by_label("Comment").fill("The neighbour has signed an agreement")
    finish(sam, "Complete")
    expect(sam.locator("h1 .tag").first).to_have_text("Resolved")
    assert boxes(sam, case) == set()

    product.mail_to("tenant@demo.example", f"Resolved: {SUBJECT}")
    priya.goto("/cases")
    expect(priya.get_by_role("link", name=SUBJECT)).to_have_count(0)
    priya.goto(f"/cases/{case}")
    expect(priya.locator("main")).to_contain_text("The neighbour has signed an agreement")
    expect(priya.locator("ul.tasks li").filter(has_text="Measure the noise")).to_contain_text("Done")
    priya.get_by_role("link", name="ReOpen").click()
    priya.get_by_role("dialog").get_by_label("Comment").fill("It was loud again on Friday")
    finish(priya, "ReOpen")
    expect(priya.locator("main .tag").first).to_have_text("Reopened")
    assert boxes(sam, case) == {"pending"}


def cancel(people: People, case: str) -> None:
    """The manager of Lettings, who never had it, ends it with a reason that the client reads."""
    maya, sam, priya = people.maya, people.sam, people.priya
    assert boxes(maya, case) == set()
    maya.get_by_role("link", name="Team: Lettings").click()
    row = maya.get_by_role("row").filter(has_text=case)
    expect(row).to_contain_text("Reopened")
    row.get_by_role("button", name="Actions").click()
    row.get_by_role("link", name="Cancel").click()
    maya.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(maya.get_by_role("dialog").get_by_text("Say why, in a comment").first).to_be_visible()
    maya.get_by_role("dialog").get_by_label("Comment").fill("The council deals with it now")
    finish(maya, "Cancel")
    expect(row).to_contain_text("Cancelled")
    assert (boxes(maya, case), boxes(sam, case), boxes(people.joe, case)) == ({"related"}, set(), {"related"})
    priya.goto(f"/cases/{case}")
    expect(priya.locator("main .tag").first).to_have_text("Cancelled")
    expect(priya.locator("main")).to_contain_text("The council deals with it now")


def begin(page: Page, words: str) -> None:
    page.get_by_role("link", name=words).click()
    expect(page.get_by_role("dialog")).to_be_visible()


def finish(page: Page, words: str) -> None:
    """Send the form of the dialog, which then closes."""
    page.get_by_role("dialog").get_by_role("button", name=words, exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def boxes(page: Page, reference: str) -> set[str]:
    """In which of the three boxes of a person it is."""
    found = set()
    for box in BOXES:
        page.goto(f"/admin/board/?tab={box}")
        expect(page.get_by_role("heading", name="My tasks")).to_be_visible()
        found |= {box} if page.locator(f"#row-{reference}").count() else set()
    return found


def fact(page: Page, words: str) -> Locator:
    return page.locator(".facts > div").filter(has=page.get_by_text(words, exact=True))


def column(page: Page, words: str) -> Locator:
    return page.locator(".board > section").filter(has=page.get_by_role("heading", name=words))
