"""Guided requests through the API: the phones of who takes part, and short words for what they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import TestResponse

from flows.rules.actors import Actor
from tests.api.conftest import Phone, new_key
from tests.world import World

IDENTITY = {"legal_name": "Priya Shah", "right_to_rent": "y"}


@dataclass
class Request:
    """One request and the phones of tenant, agent and administrator; paths are below it."""

    tenant: Phone
    agent: Phone
    admin: Phone
    id: str = ""

    def begin(self, **more: Any) -> TestResponse:
        wish = {"flow": "move-in", "customer_id": "usr_priya", "inputs": {"rent": 100_000}, **more}
        answer = self.agent.post("/staff/instances", wish, key=new_key())
        self.id = answer.json.get("id", "") if answer.status_code == 201 else self.id
        return answer

    @property
    def url(self) -> str:
        return f"/instances/{self.id}"

    def seen_by(self, phone: Phone, path: str = "") -> Any:
        answer = phone.get(f"{self.url}{path}")
        assert answer.status_code == 200, answer.text
        return answer.json

    def tag(self, path: str, phone: Phone | None = None) -> str:
        return (phone or self.agent).get(f"{self.url}{path}").headers["ETag"]

    def send(self, key: str, answers: dict[str, Any], by: Phone | None = None, **more: Any) -> TestResponse:
        phone = by or self.tenant
        path = f"/steps/{key}"
        return phone.post(
            f"{self.url}{path}/submissions",
            {"answers": answers, **more},
            key=new_key(),
            etag=self.tag(path, phone),
        )

    def act(self, path: str, body: Any = None, by: Phone | None = None, etag: str | None = None) -> TestResponse:
        """A verb of staff, below the request."""
        return (by or self.agent).post(f"{self.url}{path}", body, key=new_key(), etag=etag)

    def done(self, path: str, body: Any = None, by: Phone | None = None, status: int = 200) -> Any:
        """The same, and it is as it should be."""
        answer = self.act(path, body, by)
        assert answer.status_code == status, answer.text
        return answer.json

    def through(self, *, pets: bool = False) -> None:
        """Everything up to the outcome, as it should go."""
        self.send("identity", IDENTITY)
        self.done("/steps/identity/approve", {})
        self.send("household", {"income": 300_000, "has_pets": pets})
        if pets:
            self.send("pets", {"pet_name": "Rex"})
            self.done("/steps/pets/approve", {}, by=self.admin)
        self.send("inspection", {"found": "All well"}, by=self.agent)
        self.send("keys", {"slot": "Monday"})


@pytest.fixture
def request_(signed_in: Callable[[Actor], Phone], world: World) -> Request:
    """A request that has begun."""
    made = Request(signed_in(world.tenant), signed_in(world.agent), signed_in(world.admin))
    assert made.begin().status_code == 201
    return made
