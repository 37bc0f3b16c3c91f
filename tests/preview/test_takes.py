"""Every page of a flow as it will be: the product's own pages, at every moment of a step, and every mail (X34)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows import catalogue
from flows.authoring.play.cast import NOBODY_KNOWN, Stranger
from flows.authoring.play.scenes import languages_of, scenes_of
from flows.catalogue.registry import Registry
from tests.browser_tools import HtmlFacts
from tests.preview.conftest import AT
from worker.preview import mails
from worker.preview.mails import mails_of
from worker.preview.product import Product
from worker.preview.source import Source
from worker.preview.takes import Take, inert, take

PLAYED = ("coro-order-fulfilment", "tenant-onboarding", "department-request", "report-a-repair")


def taken(product: Product, registry: Registry, flow: str, key: str, stranger: Stranger = NOBODY_KNOWN) -> Take:
    scene = next(one for one in scenes_of(registry.flows[flow].definition) if one.key == key)
    return take(product, registry, flow, scene, stranger, AT)


@pytest.mark.requirement("X34")
@pytest.mark.parametrize("flow", PLAYED)
def test_every_scene_of_the_shipped_flows_has_its_page(product: Product, registry: Registry, flow: str) -> None:
    """A page, well made, or the reason why there is none; never a page about something that broke."""
    for scene in scenes_of(registry.flows[flow].definition):
        made = take(product, registry, flow, scene, NOBODY_KNOWN, AT)
        assert made.html or made.note, scene.key
        if made.html:
            assert HtmlFacts(made.html).problems() == [], scene.key
            assert not re.search(r"<h1[^>]*>\s*(Sign in|Something went wrong|Page not found)", made.html), scene.key


def test_each_state_of_a_step_says_what_it_is(product: Product, registry: Registry) -> None:
    flow = "tenant-onboarding"
    assert "Full legal name" in taken(product, registry, flow, "identity.open").html
    assert "There is a problem" in taken(product, registry, flow, "identity.errors").html
    returned = taken(product, registry, flow, "identity.returned").html
    assert "Changes needed" in returned
    assert returned.count("Please look at this once more") == 3  # of all, of one answer, and in the earlier version
    assert "Pending approval" in taken(product, registry, flow, "identity.review").html
    assert "something else comes first" in taken(product, registry, flow, "keys.locked").html
    assert "£500.00" in taken(product, registry, flow, "deposit.completed").html


def test_as_a_customer_in_particular(product: Product, registry: Registry) -> None:
    priya = Stranger(name="Priya Shah", email="priya@example.com", organisation="Shah household", kind="household")
    made = taken(product, registry, "tenant-onboarding", "identity.open", priya)
    assert 'value="Priya Shah"' in made.html
    assert "Shah household" in made.html


def test_a_page_that_no_play_reaches_says_so(product: Product, visit: Path) -> None:
    visit.write_text(visit.read_text().replace("    needs: [place]", '    when: data.name == "Nobody is called so"'))
    reading = Source(str(visit), []).read()
    made = taken(product, reading.registry, "visit", "found.open")
    assert made.html == ""
    assert "Look at its conditions" in made.note


def test_a_take_neither_asks_nor_sends_anything(product: Product, registry: Registry) -> None:
    html = taken(product, registry, "tenant-onboarding", "identity.open").html
    assert not re.search(r"data-(live|draft|refresh|seen|talk)", html)
    assert not re.search(r'<a[^>]*href="/', html)
    assert inert('<a class="x" href="/tasks/TI-1">') == '<a class="x" href="#">'
    assert inert('<link href="/static/base.css">') == '<link href="/static/base.css">'
    assert inert('<p data-if="{}" data-seen>') == '<p data-if="{}">'


@pytest.mark.requirement("X34")
def test_every_mail_is_written_with_what_a_play_knows(product: Product, registry: Registry) -> None:
    for flow in PLAYED:
        for one in mails_of(product, registry, flow, NOBODY_KNOWN, AT):
            assert one.letter is not None, f"{flow}: {one.template}: {one.note}"
            assert "${{" not in one.letter.subject + one.letter.text
    welsh = mails_of(product, registry, "tenant-onboarding", Stranger(language="cy"), AT)
    assert '<html lang="cy">' in welsh[0].letter.html if welsh[0].letter else False
    ordered = mails_of(product, registry, "coro-order-fulfilment", Stranger(language="cy"), AT)
    [reminder] = [one.letter for one in ordered if one.template == "coro/reminder" and one.letter is not None]
    assert re.search(r"\(tan dydd \w+", reminder.subject)  # the day is said in Welsh too


def test_a_mail_that_cannot_be_written_says_why(product: Product, visit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mails, "ROUNDS", 1)  # which all would come to nothing
    visit.write_text(f"{visit.read_text()}      if: instance.state == 'never'\n")
    reading = Source(str(visit), []).read()
    [one] = mails_of(product, reading.registry, "visit", NOBODY_KNOWN, AT)
    assert (one.letter, one.note) == (None, "No play came to it; look at its conditions, or simulate it")


@pytest.mark.requirement("X34")
def test_pages_and_mails_come_after_few_plays(
    product: Product, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers that led to one page of a step lead to the next; a mail that comes by itself is waited for first."""
    plays, stage = [], product.stage
    monkeypatch.setattr(product, "stage", lambda *given: (plays.append(given), stage(*given))[1])
    assert taken(product, registry, "tenant-onboarding", "pets.open").html
    plays.clear()
    assert taken(product, registry, "tenant-onboarding", "pets.review").html
    assert len(plays) == 1
    assert all(one.letter for one in mails_of(product, registry, "report-a-repair", NOBODY_KNOWN, AT))
    assert len(plays) < 20


def test_nothing_of_a_play_stays(product: Product, registry: Registry) -> None:
    before = catalogue.current()
    first = taken(product, registry, "tenant-onboarding", "identity.open").html
    again = taken(product, registry, "tenant-onboarding", "identity.open").html
    assert "TI-2001" in first
    assert "TI-2001" in again
    assert catalogue.current() is before


@pytest.mark.requirement("X34", "X23")
def test_each_language_of_the_product_and_of_the_flow_can_be_looked_at(product: Product, registry: Registry) -> None:
    coro = registry.flows["coro-order-fulfilment"].definition
    assert languages_of(registry, coro.model_copy(update={"i18n": {"pl": "x", "tlh": "y"}})) == {
        "pl": "polski", "tlh": "tlh", "en": "English", "cy": "Cymraeg",
    }  # fmt: skip
    welsh = taken(product, registry, coro.flow, "details.open", Stranger(language="cy"))
    assert '<html lang="cy"' in welsh.html


LISTS = """flow: rooms
schema: 1
title: Rooms
start: {customer: true}
steps:
  look:
    title: Look
    actor: customer
    fields:
      name: {type: text, label: Your name, default: "${{ customer.name }}"}
      rooms:
        type: list
        label: Rooms
        item: {room: {type: text, label: Which room}, photo: {type: file, label: A photo of it}}
      keys: {type: list, label: Keys, item: {holder: {type: text, label: Who holds it}}}
"""


@pytest.mark.requirement("X34")
def test_entries_of_lists_are_seen_open_and_filled_in(product: Product, tmp_path: Path) -> None:
    file = tmp_path / "rooms.flow.yaml"
    file.write_text(LISTS)
    registry = Source(str(file), []).read().registry
    opened = taken(product, registry, "rooms", "look.open").html
    assert HtmlFacts(opened).problems() == []
    for name in ("rooms-0-room", "keys-0-holder", 'value="Chris Customer"'):
        assert name in opened
    assert "rooms-1-room" not in opened
    assert "autofocus" not in opened
    filled = taken(product, registry, "rooms", "look.filled").html
    assert re.search(r'name="rooms-0-room"[^>]*value="\w', filled)
    assert re.search(r'name="rooms-0-photo-kept"', filled)
    assert re.search(r'name="keys-0-holder"[^>]*value="\w', filled)
