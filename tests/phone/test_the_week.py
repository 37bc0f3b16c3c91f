"""A week of one phone on a line that cuts three requests in ten, killed ten times: nothing lost, nothing doubled."""

from __future__ import annotations

import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import samples
from tests.phone.bad_line import BadLine, bad_line
from tests.phone.lives import Desk, Life, desk, is_in_step, living
from tests.walks.product import Product, free_port, up, wait_for

BEA, SAM = "buyer@demo.example", "agent@demo.example"
SEED, SHARE, DEATHS = 7, 0.3, 10
DAYS = range(5)
DETAILS = {
    "company_name": "Kestrel Brewing",
    "domain_name": "kestrel.coro.example",
    "admin_email": "it@kestrel.example",
}
IDENTITY = {"born": "1990-05-01", "right_to_rent": "y"}


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    (tmp_path / "up").mkdir()
    with up(tmp_path / "up", free_port()) as running:
        yield running


@pytest.fixture
def line(product: Product) -> Iterator[BadLine]:
    with bad_line(product.address, SHARE, SEED) as between:
        yield between


@pytest.fixture
def sam(product: Product) -> Iterator[Desk]:
    with desk(product.address, SAM) as at_work:
        yield at_work


class Week:
    """Bea's phone and what happens to it; every press is remembered, to be counted at the end."""

    def __init__(self, product: Product, life: Life, sam: Desk, folder: Path) -> None:
        self.product, self.life, self.sam, self.hand = product, life, sam, life.hand
        self.fate, self.said, self.ordered = random.Random(SEED), defaultdict[str, list[str]](list), list[int]()
        self.passport = folder / "passport.jpg"
        self.passport.write_bytes(samples.picture(width=900, height=600))

    def the_phone_dies(self) -> None:
        """Somewhere within the next moments, in the middle of whatever it does then."""
        self.life.hint()
        time.sleep(self.fate.uniform(0.0, 0.6))
        self.life.kill()
        self.life.start()

    def say(self, instance: str, words: str) -> None:
        self.hand.say(instance, words)
        self.said[instance].append(words)

    def order(self, customer: str, product: str, quantity: int) -> None:
        """No two of the same quantity, so that each can be told from the others."""
        self.hand.order(customer, {product: quantity})
        self.ordered.append(quantity)

    def night(self) -> None:
        self.product.move_clock("+1d")
        self.life.hint()

    def arrives(self, kind: str, what: str, **fields: Any) -> dict[str, Any]:
        """The thing of this kind with these values, once it has come to the phone."""

        def found() -> list[dict[str, Any]]:
            rows = self.life.objects(kind)
            return [row for row in rows if all(row.get(name) == value for name, value in fields.items())]

        wait_for(found, what)
        return found()[0]

    def form_of(self, instance: str, step: str, state: str = "") -> dict[str, Any]:
        """The form of a step that may be sent, once it is on the phone."""

        def kept() -> dict[str, Any] | None:
            found = self.hand.store.form(instance, step)
            return found[1] if found and found[1]["state"] == (state or found[1]["state"]) else None

        wait_for(kept, f"the form of {step} {state}")
        form = kept()
        assert form is not None
        return form


@pytest.mark.requirement("D5")
def test_a_week_on_a_bad_line(product: Product, line: BadLine, sam: Desk, tmp_path: Path) -> None:
    with living(tmp_path / "phone", line.address, poll=0.5) as life:
        life.sign_in(BEA, product.address)
        life.start()
        week = Week(product, life, sam, tmp_path)
        kestrel = week.arrives("account", "the customers", name="Kestrel Brewing Co")["id"]
        home = sam.do("/staff/instances", flow="tenant-onboarding", customer_id=kestrel, inputs={"rent": "760"},
                      amounts={"deposit": {"amount": 0, "currency": "GBP"}})["id"]  # fmt: skip
        left_alone, task = orders(week, kestrel)
        details(week, task)
        move_in(week, home)
        case = a_case(week, kestrel)
        for day in DAYS:
            week.night()
            a_day(week, kestrel, home, day)
        week.arrives("order", "the order that nobody gave details for", id=left_alone, state="cancelled")
        the_end(week, home)
        life.delivered()
        life.end()
        assert life.deaths == DEATHS
        (tmp_path / "fates.json").write_text(json.dumps(line.fates))  # for whoever wants to know what it went through
        assert line.cut > 50
        assert abs(line.cut / (line.cut + line.fates["whole"]) - SHARE) < 0.1
        wait_for(lambda: is_in_step(life, product.address, BEA), "what is kept to be what a new phone is given")
        nothing_twice(week, home, case)


def orders(week: Week, kestrel: str) -> tuple[str, str]:
    """One that is left alone, and one whose details are asked for: the id of the first, and the task of the second."""
    coro = week.sam.get("/products", q="CORO-CLA")["data"][0]["id"]
    week.order(kestrel, coro, 41)
    week.order(kestrel, coro, 42)
    week.the_phone_dies()
    week.life.delivered()
    sent = [row["answer"] for row in week.hand.outbox.rows("sent") if row["kind"] == "order"]
    assert [one["items"][0]["quantity"] for one in sent] == [41, 42]
    return sent[0]["id"], sent[1]["outstanding_tasks"][0]["instance_id"]


def details(week: Week, task: str) -> None:
    """What was typed is on the server before it is sent; meanwhile a question is added, so the person looks again."""
    week.form_of(task, "details")
    week.hand.draft(task, "details", {"company_name": "Kestrel Brewing"})
    week.life.delivered()
    week.say(task, "These are the details.")
    week.hand.submit(task, "details", DETAILS)
    week.the_phone_dies()
    week.life.delivered()
    week.night()


def move_in(week: Week, home: str) -> None:
    """Sent, returned, sent again, with a file; then a household with a cat."""
    week.form_of(home, "identity")
    week.hand.submit(home, "identity", {**IDENTITY, "legal_name": "Kestrel"}, {"passport": [week.passport]})
    week.say(home, "My passport is on its way.")
    week.the_phone_dies()
    week.life.delivered()
    week.sam.do(f"/instances/{home}/steps/identity/return", message="Please give your whole name.")
    week.sam.do(f"/instances/{home}/messages", body="It is all there but the name.", upload_ids=[])
    form = week.form_of(home, "identity", "returned")
    week.hand.submit(home, "identity", {**form["answers"], **IDENTITY, "legal_name": "Bea Lindqvist"})
    asked = {"people": 2, "income": "3,100.00", "has_pets": True}
    week.form_of(home, "household")
    week.hand.submit(home, "household", asked)
    week.the_phone_dies()
    week.life.delivered()
    week.form_of(home, "pets")
    week.hand.submit(home, "pets", {"pet_list": [{"kind": "cat", "name": "Miso"}]})
    week.life.delivered()
    for step in ("identity", "pets"):
        week.sam.do(f"/instances/{home}/steps/{step}/approve")
    week.night()


def a_case(week: Week, kestrel: str) -> str:
    """Raised, commented and commented again before any of it has reached the server."""
    departments = week.sam.get("/me")["departments"]
    lettings = next(one["id"] for one in departments if one["name"] == "Lettings")
    asked = {"subject": "Keys for the store", "details": "We need two more.", "department": lettings}
    key = week.hand.raise_case("department-request", asked, kestrel, {"files": [week.passport]})
    for n in (1, 2, 3):
        week.hand.comment(f"local:{key}", f"Comment {n}")
    week.hand.set_status(f"local:{key}", "in_progress")
    week.the_phone_dies()
    week.life.delivered()
    case = week.arrives("case", "the case", title="Keys for the store")["id"]
    week.hand.set_status(case, "closed", "Found them")
    week.life.delivered()
    week.arrives("case", "the end of the case", id=case, column="done")
    week.night()
    return str(case)


def a_day(week: Week, kestrel: str, home: str, day: int) -> None:
    """An order, and a talk in which both sides say something; the phone dies while it tells of it."""
    mailbox = week.sam.get("/products", q="Exchange")["data"][0]["id"]
    week.order(kestrel, mailbox, 100 + day)
    for n in range(4):
        week.say(home, f"Day {day}, message {n}")
    week.the_phone_dies()
    week.sam.do(f"/instances/{home}/messages", body=f"Sam on day {day}", upload_ids=[])
    theirs = week.arrives("message", "what Sam says", body=f"Sam on day {day}")
    week.hand.read(home, theirs["id"])
    week.life.delivered()


def the_end(week: Week, home: str) -> None:
    """The agreement, the keys, the outcome, and how it was; and everything that was said is read."""
    found = week.sam.get("/lookups/housing.agreements", instance_id=home, q="NH-2026-1109")["data"]
    week.sam.do(f"/instances/{home}/steps/agreement/submissions", answers={"move_in": "2031-12-01"})
    week.sam.do(f"/instances/{home}/links/agreement", value=found[0]["value"])
    slots = week.form_of(home, "keys")["fields"][0]["lookup"]
    free = week.sam.get(f"/lookups/{slots}", instance_id=home)["data"]
    week.hand.submit(home, "keys", {"slot": free[0]["value"]})
    week.life.delivered()
    week.sam.do(f"/instances/{home}/conclude", outcome="complete")
    week.arrives("instance", "the outcome", id=home, status="completed")
    week.hand.rate(home, 4)
    week.hand.rate(home, 5, "Miso likes it here.")
    newest = max(
        (one for one in week.life.objects("message") if one["instance_id"] == home), key=lambda one: one["seq"]
    )
    week.hand.read(home, newest["id"])
    week.life.delivered()


def nothing_twice(week: Week, home: str, case: str) -> None:
    """Each press had one effect, and those of one lane in the order in which they were pressed."""
    placed = Counter(row["items"][0]["quantity"] for row in week.life.objects("order"))
    assert {number: placed[number] for number in week.ordered} == dict.fromkeys(week.ordered, 1)
    spoken = sorted((one for one in week.life.objects("message") if one["client_id"]), key=lambda one: one["seq"])
    for instance, words in week.said.items():
        assert [one["body"] for one in spoken if one["instance_id"] == instance] == words
    steps = {step: f"/instances/{home}/steps/{step}/submissions" for step in ("identity", "household", "pets", "keys")}
    attempts = {step: len(week.sam.get(path)["data"]) for step, path in steps.items()}
    assert attempts == {"identity": 2, "household": 1, "pets": 1, "keys": 1}
    comments = [row["text"] for row in week.sam.get(f"/cases/{case}/comments")["data"]]
    assert [text for text in reversed(comments) if text.startswith("Comment")] == [
        "Comment 1",
        "Comment 2",
        "Comment 3",
    ]
    assert [row["id"] for row in week.life.objects("case") if row["title"] == "Keys for the store"] == [case]
    [whole] = [row for row in week.life.objects("instance") if row["id"] == home]
    assert (whole["rating"]["score"], whole["rating"]["comment"]) == (5, "Miso likes it here.")
    assert whole["unread_messages"] == 0
