"""The words that customers are found by: of organisations (name, address) and of people (name, email) (C16, C25).

Kept by the mapper itself whenever such a row is written, so that no verb can forget it. A word is looked up by how it
begins, which a plain index of both databases answers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, String, delete, event, insert, inspect
from sqlalchemy.orm import Mapped, mapped_column

from flows.models.base import Base
from flows.models.organisations import Organisation
from flows.models.people import User

LONGEST_WORD = 64
MOST_WORDS = 60


class SearchWord(Base):
    """One word of one organisation or of one person."""

    __tablename__ = "search_words"
    __table_args__ = (
        Index(None, "word", "organisation_id", "user_id"),
        CheckConstraint("(organisation_id IS NULL) <> (user_id IS NULL)", name="one_owner"),
    )

    word: Mapped[str] = mapped_column(
        String(LONGEST_WORD).with_variant(String(LONGEST_WORD, collation="C"), "postgresql")  # by its bytes, as ranges
    )
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)


def words_of(*texts: str) -> list[str]:
    """The words of some texts, each once, without accents and capitals; an address of mail also as a whole.

    "Zoë O'Brien" gives zoe, obrien; "z.brien@mail.example" gives itself, z, brien, mail, example.
    """
    found: dict[str, None] = {}
    for text in texts:
        plain = unicodedata.normalize("NFKD", text.casefold()).replace("'", "").replace("’", "")
        plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
        for part in plain.split():
            if "@" in part:
                found[part[:LONGEST_WORD]] = None
            found.update(dict.fromkeys(word[:LONGEST_WORD] for word in re.findall(r"\w+", part)))
    return list(found)[:MOST_WORDS]


def _texts(row: Organisation | User) -> Iterable[str]:
    return (row.name, row.address or "") if isinstance(row, Organisation) else (row.name, row.email)


def _keep(_mapper: Any, connection: Connection, row: Organisation | User) -> None:
    names = ("name", "address") if isinstance(row, Organisation) else ("name", "email")
    known: Any = inspect(row)
    if known.has_identity and not any(known.attrs[name].history.has_changes() for name in names):
        return
    owner = {"organisation_id" if isinstance(row, Organisation) else "user_id": row.id}
    connection.execute(delete(SearchWord).filter_by(**owner))
    connection.execute(insert(SearchWord), [{**owner, "word": word} for word in words_of(*_texts(row))])


for _model in (Organisation, User):
    event.listen(_model, "after_insert", _keep)
    event.listen(_model, "after_update", _keep)
