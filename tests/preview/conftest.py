"""The product on a database in memory, once for all tests of the preview; and a flow in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows import catalogue, settings, work
from flows.catalogue.registry import Registry
from tests.catalogue.shipped import ROOT
from worker.preview.product import Product

AT = datetime(2026, 11, 2, 10, tzinfo=UTC)
FLOW = """flow: visit
schema: 1
title: Visit
type: Visit
summary: We come by.
start: {customer: true, staff: true}
steps:
  place:
    title: When and where
    actor: customer
    fields:
      name: {type: text, label: Your name, required: true, default: "${{ customer.name }}"}
      pets: {type: boolean, label: "Do you have pets?", required: true}
      kind: {type: text, label: Which pets?, when: data.pets == true}
    approval: {}
  found:
    title: What we found
    actor: staff
    needs: [place]
    fields:
      note: {type: textarea, label: A note, required: true}
effects:
  created:
    - email: {to: customer, template: hello/visit}
"""
MAIL = """Subject: Hello ${{ customer.first_name }}

We have **your** request, [${{ instance.ref }}](${{ instance.url }}).
"""


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    before = (settings.current(), catalogue.current(), [*work.listeners], [*work.heralds])
    made = Product()
    settings.use(before[0])
    catalogue.use(before[1])
    work.listeners[:], work.heralds[:] = before[2], before[3]
    yield made
    made.close()


@pytest.fixture(scope="session")
def registry() -> Registry:
    return catalogue.load([ROOT / "worker" / "demo" / "flows"])


@pytest.fixture
def visit(tmp_path: Path) -> Path:
    """The file of a small flow with one mail."""
    folder = tmp_path / "visit"
    (folder / "mail" / "hello").mkdir(parents=True)
    (folder / "mail" / "hello" / "visit.en.md").write_text(MAIL)
    (folder / "visit.flow.yaml").write_text(FLOW)
    return folder / "visit.flow.yaml"
