"""The words that customers are found by: of organisations (name, address) and people (name, email, phone) (C16, C25).

Kept by the mapper itself whenever such a row is written, so that no verb can forget it. A word is looked up by how it
begins, which a plain index of both databases answers.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, String, delete, event, insert, inspect
from sqlalchemy.orm import Mapped, mapped_column

from flows.models.base import Base
from flows.models.organisations import Organisation
from flows.models.people import User

LONGEST_WORD = 64
MOST_WORDS = 60
LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
"""Letters that Unicode does not take apart, as people type them who do not have them on their keyboard."""
COUNTRY_DIGITS, SHORTEST_NUMBER = 3, 6
"""A country's code has one to three digits; a number is found with it or without."""


class SearchWord(Base):
    """One word of one organisation or of one person."""

    __tablename__ = "search_words"
    __table_args__ = (
        Index(None, "word", "organisation_id", "user_id"),
        Index(None, "organisation_id", "word"),
        Index(None, "user_id", "word"),
        CheckConstraint("(organisation_id IS NULL) <> (user_id IS NULL)", name="one_owner"),
    )

    word: Mapped[str] = mapped_column(
        String(LONGEST_WORD).with_variant(String(LONGEST_WORD, collation="C"), "postgresql")  # by its bytes, as ranges
    )
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))


def words_of(*texts: str) -> list[str]:
    """The words of some texts, each once, without accents and capitals; an address of mail also as a whole.

    "Zoë O'Brien" gives zoe, obrien; "z.brien@mail.example" gives itself, z, brien, mail, example.
    """
    found: dict[str, None] = {}
    for text in texts:
        plain = unicodedata.normalize("NFKD", text).casefold().replace("'", "").replace("’", "").translate(LETTERS)
        plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
        for part in plain.split():
            if "@" in part:
                found[part[:LONGEST_WORD]] = None
            found.update(dict.fromkeys(word[:LONGEST_WORD] for word in re.findall(r"\w+", part)))
    return list(found)[:MOST_WORDS]


def digits_of(phone: str) -> str:
    """A telephone number as one word: its digits, without the zeros that begin it; empty for anything else."""
    if re.fullmatch(r"\s*\+?[\d\s().\-/]{6,40}", phone) is None:
        return ""
    digits = "".join(letter for letter in phone if letter in "0123456789").lstrip("0")
    return digits if len(digits) >= SHORTEST_NUMBER else ""


def _numbers_of(phone: str) -> list[str]:
    """The number as it may be typed: "+44 7700 900123" also as 7700900123, which "07700 900123" begins with."""
    digits = digits_of(phone)
    return [digits[count:] for count in range(COUNTRY_DIGITS + 1) if len(digits) - count >= SHORTEST_NUMBER]


def _words_of_row(row: Organisation | User) -> list[str]:
    if isinstance(row, Organisation):
        return words_of(row.name, row.address or "")
    return list(dict.fromkeys([*words_of(row.name, row.email), *_numbers_of(row.phone or "")]))


def _keep(_mapper: Any, connection: Connection, row: Organisation | User) -> None:
    names = ("name", "address") if isinstance(row, Organisation) else ("name", "email", "phone")
    known: Any = inspect(row)
    if known.has_identity and not any(known.attrs[name].history.has_changes() for name in names):
        return
    owner = {"organisation_id" if isinstance(row, Organisation) else "user_id": row.id}
    connection.execute(delete(SearchWord).filter_by(**owner))
    if words := _words_of_row(row):
        connection.execute(insert(SearchWord), [{**owner, "word": word} for word in words])


for _model in (Organisation, User):
    event.listen(_model, "after_insert", _keep)
    event.listen(_model, "after_update", _keep)
