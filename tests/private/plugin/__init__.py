"""A plugin for tests: keeps in memory what it is handed, so that tests see that it came in clear."""

from __future__ import annotations

from typing import Any

from flows.plugin import Context, action

HANDED: list[dict[str, Any]] = []


@action("vault.keep")
def keep(ctx: Context, iban: str, words: str = "") -> None:
    HANDED.append({"iban": iban, "words": words})
