"""Everybody but the one who gives it reads a mask: in pages, in the API, in mails, in notices, in logs."""

from __future__ import annotations

import email
import hashlib
import io
import re
from email import policy
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask import Flask
from sqlalchemy import select

from flows import access, catalogue
from flows.actions import closing, paying
from flows.actions.replaying import fingerprint_of
from flows.catalogue.schema.steps import Payment
from flows.clock import clock
from flows.db import db
from flows.models import Effect, Notice
from flows.rules import answers
from flows.rules.actors import SYSTEM, Actor
from flows.rules.expressions import compile_text
from flows.rules.private import MASK
from flows.work import end_reading, unit_of_work
from messaging import outbox
from tests.portal.browsing import Visitor
from tests.private.conftest import BORN, DIAGNOSIS, EMERGENCY, IBAN, INCOME, MONEY, PIN, SECRETS, Confided
from tests.world import World


def readable(text: str) -> set[str]:
    return {secret for secret in SECRETS if secret in text}


@pytest.mark.requirement("X20")
def test_pages_of_the_customer(app: Flask, confided: Confided, world: World) -> None:
    tenant, url = Visitor(app, world.tenant), f"/tasks/{confided.ref}/steps/money"
    confided.draft("money", {"iban": IBAN, "income": INCOME})
    form = tenant.get(url)
    assert IBAN in form
    assert "876.54" in form, "in their form they see what they typed"
    confided.submit("money", MONEY)
    over = tenant.get(url)
    assert readable(over) == set()
    assert MASK in over
    assert "Asha" in over
    assert readable(tenant.get(f"/tasks/{confided.ref}")) == set()
    confided.send_back("money", "Please look again")
    again = tenant.get(url)
    assert {IBAN, "876.54", DIAGNOSIS} <= readable(again), "it is their form again"


@pytest.mark.requirement("X20", "P7")
def test_whoever_gives_an_answer_checks_it_in_clear_until_it_is_sent(
    app: Flask, confided: Confided, world: World
) -> None:
    tenant, url = Visitor(app, world.tenant), f"/tasks/{confided.ref}/steps/money"
    confided.draft("money", MONEY)
    check = tenant.get(f"{url}/check")
    assert {IBAN, "876.54", "4 May 2019", DIAGNOSIS} <= readable(check)
    assert MASK not in check
    assert readable(Visitor(app, world.agent).get(f"/admin/tasks/{confided.ref}/steps/money")) == set()
    assert tenant.send(f"{url}/check").status_code == 303
    assert readable(tenant.get(url)) == readable(tenant.get(f"/tasks/{confided.ref}")) == set()


@pytest.mark.requirement("X20")
def test_a_draft_is_sent_through_the_page_as_it_was_typed(app: Flask, confided: Confided, world: World) -> None:
    tenant, url = Visitor(app, world.tenant), f"/tasks/{confided.ref}/steps/money"
    sent = tenant.send(url, iban=IBAN, income="876.54")
    assert sent.status_code == 303, sent.text
    assert confided.step("money").state == "pending_approval"


@pytest.mark.requirement("X20")
def test_pages_of_staff(app: Flask, confided: Confided, world: World) -> None:
    confided.draft("money", {"iban": IBAN, "income": INCOME})
    agent, url = Visitor(app, world.agent), f"/admin/tasks/{confided.ref}"
    assert readable(agent.get(f"{url}/steps/money")) == set(), "the draft of the customer is not theirs to read"
    confided.submit("money", MONEY)
    page = agent.get(url)
    assert readable(page) == set()
    assert MASK in page
    assert f"{url}/steps/money/reveal/iban" in page
    assert f"{url}/steps/money/reveal/diagnosis" not in page, "that one is for others"
    assert "Diagnosis" not in page
    reader = Visitor(app, world.reader).get(url)
    assert f"{url}/steps/money/reveal/diagnosis" in reader
    assert f"{url}/steps/money/reveal/iban" not in reader
    for path in ("/admin/outbox/?state=any", "/admin/audit/", *outbox_pages()):
        assert readable(Visitor(app, world.admin).get(path)) == set(), path


def outbox_pages() -> list[str]:
    end_reading()
    return [f"/admin/outbox/{number}" for number in access.read_as(SYSTEM).scalars(select(Effect.id)).all()]


@pytest.mark.requirement("X20")
def test_staff_who_answer_for_the_customer_keep_what_they_cannot_see(
    app: Flask, confided: Confided, world: World
) -> None:
    confided.submit("money", MONEY)
    confided.send_back("money", "Please look again")
    agent, url = Visitor(app, world.agent), f"/admin/tasks/{confided.ref}/steps/money"
    page = agent.get(url)
    assert readable(page) == set()
    assert "What you leave empty stays as it is" in page
    sent = agent.send(url, stated="1", income="900")
    assert sent.status_code == 303, sent.text
    found = confided.answers("money")
    assert {name: found[name] for name in MONEY} == {**MONEY, "income": 90_000}


@pytest.mark.requirement("X20", "A9")
def test_words_for_people_are_masked(confided: Confided, settings: Any) -> None:
    confided.submit("money", MONEY)
    end_reading()
    notices = access.read_as(SYSTEM).scalars(select(Notice.text)).all()
    assert f"Your account {MASK} is on file" in notices
    mail = access.read_as(SYSTEM).scalars(select(Effect.id).where(Effect.kind == "email")).all()[-1]
    assert outbox.deliver(mail)
    [written] = [path for path in (Path(settings.data) / "mail").iterdir() if "priya" in path.name]
    letter = email.message_from_bytes(written.read_bytes(), policy=policy.default)
    plain, html = (letter.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert letter["Subject"] == f"About {MASK}"
    assert readable(plain + html) == set()
    assert plain.count(MASK) == 3
    session, instance = access.read_as(SYSTEM), confided.now()
    assert closing.message_of(session, instance, "complete", clock.now()) == f"We pay to {MASK}."


@pytest.mark.requirement("X20", "C46")
def test_conditions_see_what_people_do_not(confided: Confided) -> None:
    confided.submit("money", {**MONEY, "income": 600_000, "reason": "A good year"})
    assert confided.answers("money")["reason"] == "A good year"
    confided.approve("money")
    assert confided.states()["hardship"] == "skipped"
    confided.reopen("money")
    confided.submit("money", {**MONEY, "income": INCOME})
    confided.approve("money")
    assert confided.states()["hardship"] == "open"
    assert confided.form("hardship", confided.world.tenant) == {}, "no default tells what was confided elsewhere"
    confided.reopen("money")
    confided.submit("money", {**MONEY, "income": 1_000_000, "reason": "A very good year"})
    confided.approve("money")
    ended = confided.now()
    assert (ended.outcome, ended.close_message) == ("too_rich", f"With {MASK} you need no help.")


def test_a_hole_is_masked_as_a_whole_and_the_rest_is_filled() -> None:
    scope = {"data": {"iban": IBAN, "name": "Priya", "pets": [{"chip": "7"}]}}
    private = {"data.iban", "data.pets"}
    for text, words in (
        ("${{ data.iban }} of ${{ data.name }}", f"{MASK} of Priya"),
        ('${{ data.iban == "x" ? "yes" : "no" }}', MASK),
        ("${{ data.pets.map(p, p.chip) }}", MASK),
        ("${{ data.name }}", "Priya"),
    ):
        assert compile_text(text).masked(private).render(scope) == words
    assert compile_text("${{ data }}").masked(private).filled(scope, str) == MASK
    assert compile_text("${{ data.ibanker }}").masked(private).names == {"data.ibanker"}


def test_display_masks_whatever_it_is_given() -> None:
    fields = catalogue.current().flows["support"].definition.steps["money"].fields
    assert answers.display(fields["iban"], IBAN) == MASK
    assert answers.display(fields["iban"], {"sealed": "gAAAA"}) == MASK
    assert answers.display(fields["iban"], None) == "Not provided"
    assert answers.display(fields["iban"], IBAN, in_clear=True) == IBAN
    children = [{"name": "Asha", "born": BORN, "school": None}]
    assert answers.display(fields["children"], children) == f"Asha, {MASK}"
    assert answers.display(fields["children"], children, in_clear=True) == "Asha, 4 May 2019"
    assert answers.display(fields["children"], {"sealed": "gAAAA"}) == MASK


@pytest.mark.parametrize("database", ["sqlite"])
def test_logs_never_hold_an_answer(app: Flask, confided: Confided, world: World) -> None:
    """The worst case: what fails while it is written, with everything that was to be written in its hands."""
    said = io.StringIO()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=said))
    tenant, url = Visitor(app, world.tenant), f"/tasks/{confided.ref}/steps/money"
    form = {"iban": IBAN, "income": "876.54", "diagnosis": DIAGNOSIS}
    tenant.get(url)
    db.session.execute(db.text("CREATE TRIGGER no BEFORE INSERT ON submissions BEGIN SELECT RAISE(ABORT, 'no'); END"))
    db.session.commit()
    app.testing = False
    assert tenant.send(url, **form).status_code == 500
    assert "INSERT INTO submissions" in said.getvalue()
    assert readable(said.getvalue()) == set()


def test_a_fingerprint_of_a_request_tells_nothing(app: Flask) -> None:
    assert fingerprint_of(b'{"pin":"4711"}') == fingerprint_of(b'{"pin":"4711"}')
    assert fingerprint_of(b'{"pin":"4711"}') != hashlib.sha256(b'{"pin":"4711"}').hexdigest()


def test_a_pin_of_staff_is_theirs_alone(app: Flask, confided: Confided, world: World) -> None:
    confided.submit("money", MONEY)
    confided.approve("money")
    confided.draft("payout", {"pin": PIN, "paid_by": "Gus"}, by=world.agent)
    assert confided.form("payout", world.agent) == {"pin": PIN, "paid_by": "Gus"}
    assert PIN not in Visitor(app, world.tenant).get(f"/tasks/{confided.ref}")
    assert EMERGENCY not in re.sub(r"\s+", " ", Visitor(app, world.agent).get(f"/admin/tasks/{confided.ref}"))


@pytest.mark.parametrize("who", ["buyer", "stranger"])
def test_somebody_elses_request_is_not_there(app: Flask, confided: Confided, world: World, who: str) -> None:
    actor: Actor = getattr(world, who)
    Visitor(app, actor).get(f"/tasks/{confided.ref}/steps/money", 404)
    with pytest.raises(Exception, match="No such task"), unit_of_work(actor) as work:
        access.instance_to_change(work, confided.ref)


@pytest.mark.requirement("X20", "X22")
def test_the_statement_of_a_payment_tells_nothing(confided: Confided) -> None:
    confided.submit("money", MONEY)
    definition, instance = confided.definition(), confided.now()
    step = instance.step("hardship")
    assert step is not None

    def reference(text: str) -> str:
        rule = definition.steps["hardship"].model_copy(
            update={"payment": Payment(currency="GBP", amount=100, reference=text)}
        )
        changed = definition.model_copy(update={"steps": {**definition.steps, "hardship": rule}})
        return paying.reference_of(access.read_as(SYSTEM), instance, changed, step, clock.now())

    assert reference("DEP-${{ data.iban }}") == confided.ref
    assert reference("DEP-${{ instance.ref }}") == f"DEP-{confided.ref}"
