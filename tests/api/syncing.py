"""A phone that keeps a copy, as the documentation tells it to: what it has, and what is there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.api.conftest import Phone

Thing = tuple[str, str]
"""(object, id)"""


def pages(phone: Phone, cursor: str = "", **query: object) -> list[dict[str, Any]]:
    """The answers of one walk, from `cursor` to its end."""
    found: list[dict[str, Any]] = []
    while not found or found[-1]["has_more"]:
        asked = {**query, **({"cursor": cursor} if cursor else {})}
        answer = phone.get("/sync?" + "&".join(f"{name}={value}" for name, value in asked.items()))
        assert answer.status_code == 200, answer.text
        found.append(answer.json)
        cursor = answer.json["cursor"]
    return found


@dataclass
class Copy:
    """The rules for a client: upsert and delete by (object, id); with an account everything goes that is its."""

    phone: Phone
    limit: int = 200
    cursor: str = ""
    kept: dict[Thing, Any] = field(default_factory=dict)
    owner: dict[Thing, str | None] = field(default_factory=dict)
    summary: Any = None

    def sync(self) -> list[dict[str, Any]]:
        """Bring the copy up to date; the changes that came."""
        made = pages(self.phone, self.cursor, limit=self.limit)
        self.cursor, self.summary = made[-1]["cursor"], made[-1]["summary"]
        came = [change for page in made for change in page["changes"]]
        for change in came:
            self._take(change)
        return came

    def start_over(self) -> None:
        self.cursor = ""
        self.kept.clear()
        self.owner.clear()
        self.sync()

    def _take(self, change: dict[str, Any]) -> None:
        thing = (change["object"], change["id"])
        if change["op"] == "upsert":
            self.kept[thing], self.owner[thing] = change["data"], change["account_id"]
        elif change["object"] == "account":
            for other in [one for one, account in self.owner.items() if account == change["account_id"]]:
                del self.kept[other], self.owner[other]
        else:
            self.kept.pop(thing, None)
            self.owner.pop(thing, None)

    def of(self, kind: str) -> dict[str, Any]:
        return {uid: data for (one, uid), data in self.kept.items() if one == kind}


def fresh(phone: Phone) -> dict[Thing, Any]:
    """All there is, as a new phone gets it."""
    copy = Copy(phone)
    copy.start_over()
    return copy.kept
