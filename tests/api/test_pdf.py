"""The PDF copy of a request: through the API and from the page, with what this person may read (P4, P10, D5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from flows.rules.actors import Actor
from portal import pdf
from tests.api.conftest import Phone
from tests.api.guided import IDENTITY, Request, request_
from tests.guided.conftest import move_in
from tests.portal.browsing import Visitor
from tests.world import World

__all__ = ["move_in", "request_"]

pytestmark = pytest.mark.parametrize("database", ["sqlite"])


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every word that is set, because a subset font hides them in the file."""
    words: list[str] = []
    real = pdf._text

    def text(said: str, *rest: Any, **more: Any) -> Any:
        words.append(said)
        return real(said, *rest, **more)

    monkeypatch.setattr(pdf, "_text", text)
    return words


@pytest.mark.requirement("D5")
def test_a_copy_to_keep(
    request_: Request, printed: list[str], signed_in: Callable[[Actor], Phone], world: World
) -> None:
    assert request_.send("identity", {**IDENTITY, "legal_name": "Priya <b>Ŵyn</b> Łoś & 😀"}).status_code == 201
    got = request_.tenant.get(f"{request_.url}/summary.pdf")
    assert (got.status_code, got.mimetype, got.data[:5]) == (200, "application/pdf", b"%PDF-")
    reference = request_.seen_by(request_.tenant)["reference"]
    assert got.headers["Content-Disposition"] == f'attachment; filename="{reference}.pdf"'
    assert {"Priya <b>Ŵyn</b> Łoś & 😀", reference, "Being reviewed"} <= set(printed)
    assert b"DejaVuSans" in got.data
    assert request_.agent.get(f"{request_.url}/summary.pdf").status_code == 200
    assert signed_in(world.stranger).get(f"{request_.url}/summary.pdf").status_code == 404


def test_long_answers_go_over_pages(request_: Request) -> None:
    assert request_.send("identity", {**IDENTITY, "legal_name": "Long " * 30}).status_code == 201
    raw = pdf._printed([pdf._text("word " * 3000), pdf._text("x" * 5000)], "Long", "Baton")
    assert len(re.findall(rb"/Type /Page\b", raw)) >= 3


def test_the_page_leads_to_it(request_: Request, app: Any, world: World) -> None:
    reference = request_.seen_by(request_.tenant)["reference"]
    visitor = Visitor(app, world.tenant)
    assert f"/tasks/{reference}/copy.pdf" in visitor.client.get(f"/tasks/{reference}").text
    assert visitor.client.get(f"/tasks/{reference}/copy.pdf").data.startswith(b"%PDF-")
