"""Agreements in a CSV file: what each line says, and every line that cannot be read with its cure (C41)."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from flows.rules.answers.texts import domain_name, plain

COLUMNS = {
    "number": True, "tenant_name": True, "address": True, "tenant_email": False, "rent": False, "currency": False,
    "starts_on": False, "ends_on": False,
}  # fmt: skip
"""Every column, and whether a file needs it."""
LONGEST = {"number": 64, "tenant_name": 160, "address": 400, "tenant_email": 254}
MOST_RENT_MINOR = 100_000_000
DELIMITERS = ",;\t"
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_RENT = re.compile(r"(?:£|€|\$)?(\d{1,3}(?:,\d{3})*|\d{1,9})(?:\.(\d{1,2}))?", re.ASCII)
_DAYS = (
    (re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})", re.ASCII), "2026-11-30"),
    (re.compile(r"(?P<d>\d{1,2})[/.](?P<m>\d{1,2})[/.](?P<y>\d{4})", re.ASCII), "30/11/2026"),
)


class Unreadable(ValueError):
    """The file as a whole cannot be read; the text names the cure."""


@dataclass(frozen=True)
class BadLine:
    """One thing wrong in one line; `line` counts from 1, as editors do, the header among them."""

    line: int
    detail: str


@dataclass(frozen=True)
class AgreementLine:
    """One agreement as the file has it; `rent_minor` in minor units a month."""

    number: str
    tenant_name: str
    address: str
    tenant_email: str
    rent_minor: int | None
    currency: str
    starts_on: date | None
    ends_on: date | None


@dataclass(frozen=True)
class Header:
    """Which column of ours stands where in the file, the names that are none of ours, and what divides the cells."""

    places: dict[str, int]
    unused: tuple[str, ...]
    delimiter: str
    width: int


def text_of(content: bytes) -> tuple[str, str]:
    """The text of a file and the name of its encoding: UTF-8 (with or without its mark), else Windows-1252."""
    if content.startswith(_WIDE):
        raise Unreadable("The file is UTF-16. Save it as “CSV UTF-8” and import it again")
    if b"\0" in content:
        raise Unreadable("The file has NUL bytes, so it is no text. Save it as “CSV UTF-8” and import it again")
    try:
        return content.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        raise Unreadable(
            f"Line {line} is neither UTF-8 nor Windows-1252. Save the file as “CSV UTF-8” and import it again"
        ) from None


def header_of(text: str) -> Header:
    """Read the first line: names in any order and case, divided by commas, semicolons or tabs."""
    first = next(io.StringIO(text, newline=""), "").strip("\r\n")
    cure = f"It must name the columns: {', '.join(COLUMNS)}"
    if not first.strip():
        raise Unreadable(f"The first line is empty. {cure}")
    delimiter = max(DELIMITERS, key=first.count)
    try:
        names = next(csv.reader([first], delimiter=delimiter, strict=True))
    except csv.Error as fault:
        raise Unreadable(f"The first line cannot be read ({fault}). {cure}") from None
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        known = re.sub(r"[\s_-]+", "_", plain(name).lower())
        if known in places:
            raise Unreadable(f"The column {known} stands in the first line twice. Remove one of the two")
        if known in COLUMNS:
            places[known] = place
    unused = tuple(plain(name) for place, name in enumerate(names) if place not in places.values())
    missing = [name for name, needed in COLUMNS.items() if needed and name not in places]
    if missing:
        raise Unreadable(f"The first line does not name {', '.join(missing)}{_near(missing, unused)}")
    return Header(places, unused, delimiter, len(names))


def lines_of(text: str, header: Header) -> Iterator[AgreementLine | BadLine]:
    """Every line below the header in turn, good or bad; empty lines are passed over."""
    seen: dict[str, int] = {}
    for line, cells in _records(text, header):
        if isinstance(cells, str):
            yield BadLine(line, cells)
        elif any(cell.strip() for cell in cells):
            yield from _line(line, cells, header, seen)


def _records(text: str, header: Header) -> Iterator[tuple[int, list[str] | str]]:
    """(line on which it begins, cells), or the sentence for a line that csv cannot make sense of."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=header.delimiter, strict=True)
    next(reader)
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            yield line, _misread(str(fault))


def _misread(fault: str) -> str:
    if "end of data" in fault:
        return "a quotation mark is opened and never closed, so the rest of the file cannot be read; close it"
    if "limit" in fault:
        return "a cell is longer than any can be; a quotation mark before it is probably not closed"
    return f'the quotation marks do not fit ({fault}); write "" for one inside a quoted cell'


def _line(line: int, cells: list[str], header: Header, seen: dict[str, int]) -> Iterator[AgreementLine | BadLine]:
    if len(cells) != header.width:
        cure = "quote a cell that holds a comma" if header.delimiter == "," else "look for one too many or too few"
        yield BadLine(line, f"has {len(cells)} cells, and the first line names {header.width} columns; {cure}")
        return
    given = {name: _tidied(cells[place]) for name, place in header.places.items()}
    reading = _Reading(given)
    made = AgreementLine(
        number=reading.words("number"),
        tenant_name=reading.words("tenant_name"),
        address=reading.words("address"),
        tenant_email=reading.email(),
        rent_minor=reading.rent(),
        currency=reading.currency(),
        starts_on=reading.day("starts_on"),
        ends_on=reading.day("ends_on"),
    )
    if made.starts_on and made.ends_on and made.ends_on < made.starts_on:
        reading.wrong.append(f"ends_on ({made.ends_on}) is before starts_on ({made.starts_on}); correct one of them")
    if made.number in seen:
        reading.wrong.append(f"the number {made.number} stands in line {seen[made.number]} already; keep one of them")
    elif made.number:
        seen[made.number] = line
    if reading.wrong:
        yield from (BadLine(line, detail) for detail in reading.wrong)
    else:
        yield made


def _tidied(cell: str) -> str:
    """As `plain`, which looks at every letter: nearly all cells of a large file need no such look."""
    return cell.strip() if cell.isascii() and cell.isprintable() else plain(cell)


class _Reading:
    """One line being read; `wrong` collects what cannot be."""

    def __init__(self, given: dict[str, str]) -> None:
        self.given = given
        self.wrong: list[str] = []

    def words(self, name: str) -> str:
        value = self.given.get(name, "")
        if not value:
            self.wrong.append(f"{name} is empty; fill it in or remove the line")
        elif len(value) > LONGEST[name]:
            self.wrong.append(f"{name} has {len(value)} characters, and {LONGEST[name]} are the most; shorten it")
        return value

    def email(self) -> str:
        value = self.given.get("tenant_email", "")
        local, at, domain = value.rpartition("@")
        if value and (not at or not local or domain_name(domain) is None or len(value) > LONGEST["tenant_email"]):
            self._is_not("tenant_email", value, "an address like name@example.com")
        return value

    def rent(self) -> int | None:
        value = self.given.get("rent", "").replace(" ", "")
        if not value:
            return None
        found = _RENT.fullmatch(value)
        minor = int(found[1].replace(",", "")) * 100 + int((found[2] or "0").ljust(2, "0")) if found else -1
        if not 0 <= minor <= MOST_RENT_MINOR:
            self._is_not("rent", value, "an amount a month like 850 or 1,250.00")
            return None
        return minor

    def currency(self) -> str:
        value = self.given.get("currency", "").upper() or "GBP"
        if not re.fullmatch(r"[A-Z]{3}", value, re.ASCII):
            self._is_not("currency", value, "a code of three letters like GBP")
        return value

    def day(self, name: str) -> date | None:
        value = self.given.get(name, "")
        if not value:
            return None
        for shape, _ in _DAYS:
            if found := shape.fullmatch(value):
                try:
                    return date(int(found["y"]), int(found["m"]), int(found["d"]))
                except ValueError:
                    break
        self._is_not(name, value, f"a day like {' or '.join(like for _, like in _DAYS)}")
        return None

    def _is_not(self, name: str, value: str, what: str) -> None:
        self.wrong.append(f"{name} is “{value[:60]}”, which is not {what}; correct it")


def _near(missing: Sequence[str], unused: Collection[str]) -> str:
    pairs = [(near[0], name) for name in missing if (near := get_close_matches(name, unused, n=1, cutoff=0.5))]
    cure = "; ".join(f"did you mean {name} by “{found}”?" for found, name in pairs)
    return f"; {cure}" if cure else f". It must name {', '.join(name for name, needed in COLUMNS.items() if needed)}"
