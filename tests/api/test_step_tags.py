"""The ETag of a step follows what its form has out of other answers: words, suggestions and prices (A24)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flows.rules.actors import Actor
from tests.api.conftest import Phone, new_key
from tests.changing.conftest import Changing, change
from tests.guided.conftest import HOUSEHOLD, IDENTITY
from tests.world import World

__all__ = ["change"]
pytestmark = pytest.mark.requirement("A24")

TITLE = "    title: Your household\n"
FIRST = "    fields:\n      income: {type: money"
HOLE = '"Hello ${{ data.legal_name }}."'
WORDS = {
    "help": ((TITLE, f"{TITLE}    help: {HOLE}\n"),),
    "note": ((FIRST, FIRST.replace("income", f"hello: {{type: info, label: {HOLE}}}\n      income")),),
    "suggestion": (
        (
            FIRST,
            f"    fields:\n      hello: {{type: text, label: Hello, default: {HOLE}}}\n      income: {{type: money",
        ),
    ),
}


@pytest.mark.parametrize("what", ["help", "note", "suggestion"])
def test_what_comes_from_other_answers_is_never_old(
    change: Changing, signed_in: Callable[[Actor], Phone], world: World, what: str
) -> None:
    change.write(*WORDS[what])
    change.start()
    phone = signed_in(world.tenant)
    path = f"/instances/{change.now().uid}/steps/household"
    before = phone.get(path).headers["ETag"]
    assert phone.get(path, If_None_Match=before).status_code == 304
    change.submit("identity", IDENTITY)
    change.approve("identity")
    again = phone.get(path, If_None_Match=before)
    assert (again.status_code, "Hello Priya Shah." in again.text) == (200, True)
    assert again.headers["ETag"] != before
    assert phone.get(path, If_None_Match=again.headers["ETag"]).status_code == 304
    sent = phone.post(f"{path}/submissions", {"answers": HOUSEHOLD}, key=new_key(), etag=before)
    assert sent.status_code == 201, "who has old words may send: the questions are the same"


def test_a_price_that_follows_from_other_answers_is_never_old(
    change: Changing, signed_in: Callable[[Actor], Phone], world: World
) -> None:
    slot = "    fields:\n      slot: {type: text, label: Time, required: true}\n"
    change.write((slot, '    payment: {currency: GBP, amount: "${{ data.income / 100 }}"}\n'))
    change.start()
    phone = signed_in(world.tenant)
    path = f"/instances/{change.now().uid}/steps/keys"
    before = phone.get(path)
    change.submit("household", HOUSEHOLD)
    again = phone.get(path, If_None_Match=before.headers["ETag"])
    assert (before.json["payment"]["amount"], again.status_code) == (None, 200)
    assert again.json["payment"]["amount"] == {"amount": 3_000, "currency": "GBP"}
    assert again.json["version"] == before.json["version"], "its own row is as it was"


def test_a_step_that_says_the_same_to_everybody_goes_by_its_version_alone(
    change: Changing, signed_in: Callable[[Actor], Phone], world: World
) -> None:
    change.write((TITLE, f"{TITLE}    help: How you live\n"))
    change.start()
    step = signed_in(world.tenant).get(f"/instances/{change.now().uid}/steps/household")
    assert step.headers["ETag"] == f'"st-{step.json["version"]}-en"'
