"""A customer has a form open while the flow changes under it: they are told, and nothing that they typed is lost."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from tests.admin.conftest import ClientOf, client_of
from tests.changing.conftest import Changing, change
from tests.changing.test_migrating import RENAMED

__all__ = ["change", "client_of"]


@pytest.fixture
def parts() -> tuple[str, ...]:
    from wsgi import PARTS

    return PARTS


def hidden(html: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(csrf_token|version|_key)" value="([^"]*)"', html))


def send(client: FlaskClient, url: str, form: dict[str, str], **typed: str) -> tuple[int, str]:
    answer = client.post(url, data={**form, **typed}, headers={"Referer": f"http://localhost{url}"})
    return answer.status_code, answer.get_data(as_text=True)


@pytest.mark.requirement("X13", "X14")
def test_an_open_form_says_that_it_changed_and_keeps_what_was_typed(client_of: ClientOf, change: Changing) -> None:
    change.start()
    client, url = client_of(change.world.tenant), f"/tasks/{change.ref}/steps/household"
    form = hidden(client.get(url).get_data(as_text=True))
    asked = "      has_pets: {"
    number = change.write((asked, "      adults: {type: integer, label: Adults, required: true}\n" + asked))
    change.migrate(number)
    status, html = send(client, url, form, income="3000", has_pets="false")
    assert status == 412
    assert "changed" in html
    assert 'name="adults"' in html
    assert 'value="3000' in html or 'value="3,000' in html
    assert change.states()["household"] == "open"


@pytest.mark.requirement("X13")
def test_a_form_of_a_step_that_is_called_otherwise_now(client_of: ClientOf, change: Changing) -> None:
    change.start()
    client, url = client_of(change.world.tenant), f"/tasks/{change.ref}/steps/identity"
    form = hidden(client.get(url).get_data(as_text=True))
    change.migrate(change.write(*RENAMED))
    status, html = send(client, url, form, legal_name="Priya Shah", right_to_rent="y")
    assert status == 412
    assert 'name="full_name"' in html
    assert change.states()["about_you"] == "open"
    assert client.get(url).status_code == 200, "a mail of before leads there too"
    assert client.get(f"/tasks/{change.ref}/steps/nothing").status_code == 404
