"""A requirement without a test is not done: every one of this job is proved, and the page says by what."""

from __future__ import annotations

import pytest

from tests.requirements_table import TABLE, proofs, table


@pytest.mark.parametrize("requirement", [f"A{n}" for n in range(1, 36)])
def test_order_fulfilment_is_proved(requirement: str) -> None:
    assert requirement in proofs()


def test_the_page_is_current() -> None:
    assert TABLE.read_text() == table(), "run `make requirements`"
