"""A colleague at the page of a task instance: looks at it, presses its buttons, and is told what came of it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flows.models import Role, User
from flows.rules.actors import SYSTEM, Actor
from flows.work import unit_of_work
from tests.admin.conftest import ClientOf
from tests.guided.conftest import Play
from tests.world import as_actor

BASE = "/admin/instances"


@dataclass
class Desk:
    """One browser of one colleague; `page()` is read anew each time, `send` posts what a form of it would."""

    client: FlaskClient
    play: Play

    def at(self, path: str = "") -> str:
        return f"{BASE}/{self.play.ref}{path}"

    def page(self, path: str = "", status: int = 200) -> str:
        answer = self.client.get(self.at(path))
        assert answer.status_code == status, f"{self.at(path)}: {answer.status_code}"
        return words_in(answer)

    def send(self, path: str, status: int = 303, **fields: Any) -> str:
        """Post a form and be at the page it leads to; any other status than a redirect shows the answer itself."""
        answer = self.client.post(self.at(path), data=fields)
        assert answer.status_code == status, f"{path}: {answer.status_code}\n{words_in(answer)[-1500:]}"
        return words_in(self.client.get(answer.location, follow_redirects=True)) if status == 303 else words_in(answer)

    def review(self, name: str, decision: str, status: int = 303, **fields: Any) -> str:
        """Send the form of a review as it stands in the page now, with `message`, `note`, `remark_<field>` typed."""
        seen = hidden_in(self.page(), f"/steps/{name}/review")
        typed = {f"{name}-{key.replace('remark_', 'remark-')}": value for key, value in fields.items()}
        return self.send(f"/steps/{name}/review", status, **{**seen, **typed, "decision": decision})


def words_in(answer: TestResponse) -> str:
    return html.unescape(answer.get_data(as_text=True))


def hidden_in(page: str, action: str) -> dict[str, str]:
    """What a form of the page carries besides what people type: version, attempt and how far the timeline was."""
    form = page[page.index(f'{action}"') :]
    form = form[: form.index("</form>")]
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    return {name: value for name, value in found.items() if name not in ("csrf_token", "_key")}


def links_in(page: str) -> set[str]:
    """Every address below the instance that the page leads to, by link or by form."""
    found = re.findall(r'(?:href|action)="/admin/instances/TI-\d+(/[^"#?]*)', page)
    return set(found)


@pytest.fixture
def desk_of(client_of: ClientOf, play: Play, unprotected: None) -> Any:
    """`desk_of(world.agent)`: their browser. Forms go without their token here; test_doors.py is about that."""
    return lambda actor: Desk(client_of(actor), play)


@pytest.fixture
def clerk(play: Play) -> Actor:
    """Staff of a role that neither reviews nor creates, but writes to customers."""
    return colleague("Cleo Clerk", ["view", "message"])


def colleague(name: str, permissions: list[str], role: str = "") -> Actor:
    with unit_of_work(SYSTEM) as work:
        first = name.split()[0].lower()
        row = User(
            uid=f"usr_{first}", kind="staff", name=name, email=f"{first}@example.com", email_verified_at=work.now,
            created_at=work.now, roles=[Role(name=role or first, permissions=permissions)],
        )  # fmt: skip
        work.session.add(row)
        work.session.flush()
        return as_actor(row)


def differences(page: str) -> dict[str, str]:
    """Question -> what the last column says of it."""
    lines = re.findall(r"<tr role=\"row\".*?</tr>", page, re.DOTALL)[1:]
    texts = [[re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", line, re.DOTALL)]
             for line in lines]  # fmt: skip
    return {cells[0]: cells[-1] for cells in texts}
