"""Which files are taken, told by their content and never by their name: kinds, names, sizes, and every "no" (X19)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import NamedTuple, NoReturn, Protocol

from flows.rules.errors import Invalid, Problem
from flows.words import N_
from flows.words import gettext as _

MB = 1024 * 1024
USUAL_MB = 10
"""What a file may have where its field says nothing."""
HEAD_BYTES = 4096
TAIL_BYTES = 66_000
"""As much of the end as the directory of an archive may hide behind: 65,535 bytes of comment and a little more."""
LONGEST_NAME = 120
MOST_PARTS = 5_000
MOST_UNPACKED = 200 * MB
MOST_RATIO = 100
LEAST_FOR_RATIO = 10 * MB
"""A small table of nothing but zeros packs very well too; the ratio says nothing below this size."""


class Format(NamedTuple):
    """One format that is taken: what it is for fields and browsers, the ends of its names, what people call it."""

    kind: str
    mime: str
    suffixes: tuple[str, ...]
    words: str


_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
JPG = Format("image", "image/jpeg", (".jpg", ".jpeg", ".jpe", ".jfif"), N_("a JPG picture"))
PNG = Format("image", "image/png", (".png",), N_("a PNG picture"))
GIF = Format("image", "image/gif", (".gif",), N_("a GIF picture"))
WEBP = Format("image", "image/webp", (".webp",), N_("a WebP picture"))
HEIC = Format("image", "image/heic", (".heic", ".heif"), N_("a HEIC picture"))
PDF = Format("pdf", "application/pdf", (".pdf",), N_("a PDF"))
TEXTS = (
    Format("text", "text/plain", (".txt",), N_("a text")),
    Format("text", "text/csv", (".csv",), N_("a table as text")),
)
OFFICE = (
    Format("office", f"{_OPEN_XML}.wordprocessingml.document", (".docx",), N_("a Word document")),
    Format("office", f"{_OPEN_XML}.spreadsheetml.sheet", (".xlsx",), N_("an Excel workbook")),
    Format("office", f"{_OPEN_XML}.presentationml.presentation", (".pptx",), N_("a PowerPoint presentation")),
    Format("office", f"{_OPEN_DOCUMENT}.text", (".odt",), N_("an OpenDocument text")),
    Format("office", f"{_OPEN_DOCUMENT}.spreadsheet", (".ods",), N_("an OpenDocument table")),
    Format("office", f"{_OPEN_DOCUMENT}.presentation", (".odp",), N_("an OpenDocument presentation")),
)
FORMATS = (JPG, PNG, GIF, WEBP, HEIC, PDF, *TEXTS, *OFFICE)
OF_SUFFIX = {suffix: one for one in FORMATS for suffix in one.suffixes}
OF_MIME = {one.mime: one for one in FORMATS}
SAID = {"image": "JPG, PNG, GIF, WebP, HEIC", "pdf": "PDF", "office": "DOCX, XLSX, PPTX, ODT, ODS, ODP",
        "text": "TXT, CSV"}  # fmt: skip
ROOM_OF = {".docx": "word/", ".xlsx": "xl/", ".pptx": "ppt/"}
"""The folder that an Open XML document of this name has inside."""

_SIGNATURES = ((b"\xff\xd8\xff", JPG), (b"\x89PNG\r\n\x1a\n", PNG), (b"GIF87a", GIF), (b"GIF89a", GIF), (b"%PDF-", PDF))
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1")
_ZIP = b"PK\x03\x04"
_FOREIGN = (
    (b"MZ", N_("a program")),
    (b"\x7fELF", N_("a program")),
    (b"\xca\xfe\xba\xbe", N_("a program")),
    (b"\xcf\xfa\xed\xfe", N_("a program")),
    (b"#!", N_("a script")),
    (b"PK", N_("an archive")),
    (b"Rar!", N_("an archive")),
    (b"7z\xbc\xaf", N_("an archive")),
    (b"\x1f\x8b", N_("an archive")),
    (b"\xd0\xcf\x11\xe0", N_("a document in an old or locked Office format, which can hide programs")),
)
_MARKUP = ("<!doctype", "<html", "<head", "<body", "<svg", "<script", "<iframe", "<?xml", "<?php", "<!--", "<%")
_ACTIVE = re.compile(rb"<script|<\?php|<!doctype html|<html[\s>]|<iframe|<svg\s+xmlns|javascript:", re.IGNORECASE)
_INNER = re.compile(r"\.(?=(?:html?|xhtml|svg|m?js|php\d?|phtml|exe|com|bat|cmd|scr|msi|ps1|sh|jar|vbs|lnk)\.)", re.I)
"""A dot before an end that some server or desktop would run, although it is not the last one of the name."""


class FileLike(Protocol):
    """An upload, as far as the rules look at it."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def refusal(self) -> str: ...


class Part(NamedTuple):
    """One entry in the directory of an archive."""

    name: str
    packed: int
    size: int
    is_locked: bool = False


def refuse(code: str, sentence: str) -> NoReturn:
    """Say no to a file with a slug of API.md 7.7: upload-too-large, upload-type or upload-refused."""
    error = Invalid(sentence, "", code)
    error.code = code
    raise error


# --- names, sizes and kinds in words ----------------------------------------------------------------------------


def clean_name(given: str) -> str:
    """What a file is called here: no folder, no control or direction characters, nothing a disk reads as a command.

    "..\\..\\passwd", "photo\\u202egpj.exe" and "a.php.jpg" become "passwd", "photogpj.exe" and "a_php.jpg".
    """
    plain = unicodedata.normalize("NFC", given.encode("utf-8", "ignore").decode())
    plain = "".join(letter for letter in plain if unicodedata.category(letter)[0] != "C")
    last = re.split(r"[/\\]", plain)[-1]
    safe = re.sub(r'[<>:"|?*]', "_", re.sub(r"\s+", " ", last)).strip(" .")
    stem, suffix = _split(_INNER.sub("_", safe))
    return f"{stem[: LONGEST_NAME - len(suffix)].rstrip(' .') or 'file'}{suffix}"


def suffix_of(name: str) -> str:
    """The end of a name in lower case, ".jpg"; empty when there is none."""
    return _split(name)[1].lower()


def size_in_words(size: int) -> str:
    """900 bytes, 812 KB, 4.2 MB."""
    if size < 1024:
        return _("%(size)s bytes", size=size)
    return f"{size // 1024} KB" if size < MB else f"{size / MB:.1f} MB".replace(".0 ", " ")


def kinds_in_words(kinds: Collection[str] | None) -> str:
    """What may be chosen: "JPG, PNG, GIF, WebP, HEIC or PDF"; all kinds when none is named."""
    ends = ", ".join(words for kind, words in SAID.items() if not kinds or kind in kinds)
    first, comma, last = ends.rpartition(", ")
    return _("%(first)s or %(last)s", first=first, last=last) if comma else last


# --- at the door: the name and the first bytes ------------------------------------------------------------------


def recognise(name: str, head: bytes, accept: Collection[str] | None = None) -> tuple[str, Format]:
    """The name a file gets and its format, from its first 4 KB; raises Invalid with the sentence that says why not.

    `accept` are the kinds that the field it is for takes, where that is known already.
    """
    name = clean_name(name)
    if not head:
        refuse("upload-refused", _("%(name)s is empty. Choose another file", name=name))
    found = _sniffed(name, head)
    if found is None:
        refuse("upload-type", _foreign(name, head, kinds_in_words(accept)))
    if is_script_too(found, head):
        refuse(
            "upload-type",
            _("%(name)s is %(format)s and a script at once. Choose another file", name=name, format=_(found.words)),
        )
    suffix = suffix_of(name)
    if suffix and suffix not in found.suffixes:
        refuse("upload-type", _mismatch(name, found, accept))
    if accept and found.kind not in accept:
        refuse("upload-type", not_here(name, accept))
    return name if suffix else f"{name}{found.suffixes[0]}", found


def is_script_too(found: Format, head: bytes) -> bool:
    """Whether a picture's first numbers read as the beginning of a script: `GIF89a/*`, `GIF89a=1`.

    No GIF is 8,000 pixels wide by accident, and no first segment of a JPG has exactly such a length.
    """
    place = {GIF: 6, JPG: 4}.get(found)
    if place is None:
        return False
    numbers = head[place : place + 2]
    return numbers in (b"/*", b"//") or (numbers[:1] == b"=" and 0x20 < numbers[-1] < 0x7F)


def _sniffed(name: str, head: bytes) -> Format | None:
    for signature, found in _SIGNATURES:
        if head.startswith(signature):
            return found
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return HEIC
    if head.startswith(_ZIP):
        return _office(name, head)
    if any(head.startswith(signature) for signature, _words in _FOREIGN) or _is_markup(head) or not is_text(head):
        return None
    return next((one for one in TEXTS if suffix_of(name) in one.suffixes), TEXTS[0])


def _office(name: str, head: bytes) -> Format | None:
    """OpenDocument says in its first entry what it is; Open XML goes by its name until its parts are looked at."""
    declared = re.match(rb"PK\x03\x04.{22}\x08\x00.{2}mimetype([a-z.\-/]+)", head, re.DOTALL)
    if declared:
        return next((one for one in OFFICE if declared[1].startswith(one.mime.encode() + b"PK")
                     or declared[1] == one.mime.encode()), None)  # fmt: skip
    named = OF_SUFFIX.get(suffix_of(name))
    return named if named in OFFICE else None


def is_text(content: bytes) -> bool:
    """Whether this is text in UTF-8, UTF-16 with its mark, or an older code page: no control characters in it."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        letters = content[: len(content) // 2 * 2].decode("utf-16", "replace")
    else:
        letters = content.decode("latin-1")
    return not any(letter < " " and letter not in "\t\n\r\f" for letter in letters)


def _is_markup(head: bytes) -> bool:
    code = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    return head.decode(code, "replace").lstrip().lower().startswith(_MARKUP)


def _foreign(name: str, head: bytes, kinds: str) -> str:
    """What a file is that is not taken, and what to choose."""
    if _is_markup(head):
        said = N_("%(name)s is a web page or a drawing with code inside, which is not taken. Choose a %(kinds)s file")
        return _(said, name=name, kinds=kinds)
    words = next((words for signature, words in _FOREIGN if head.startswith(signature)), None)
    if words is None:
        return _("%(name)s is of a kind that is not taken. Choose a %(kinds)s file", name=name, kinds=kinds)
    said = N_("%(name)s is %(format)s inside, which is not taken. Choose a %(kinds)s file")
    return _(said, name=name, format=_(words), kinds=kinds)


def _mismatch(name: str, found: Format, accept: Collection[str] | None) -> str:
    wanted = OF_SUFFIX.get(suffix_of(name))
    if wanted is None and found in TEXTS:
        return _(
            "%(name)s is of a kind that is not taken. Choose a %(kinds)s file", name=name, kinds=kinds_in_words(accept)
        )
    return _(
        "%(name)s is %(format)s inside. Rename it to end in %(end)s, or choose another file",
        name=name,
        format=_(found.words),
        end=found.suffixes[0],
    )


# --- in the worker: the whole content ---------------------------------------------------------------------------


def has_code(piece: bytes) -> bool:
    """Whether there is a web page or a script among these bytes of a picture."""
    return _ACTIVE.search(piece) is not None


def has_archive(tail: bytes) -> bool:
    """Whether the end of a picture or PDF is the directory of an archive: one file that is two."""
    return b"PK\x05\x06" in tail and b"PK\x01\x02" in tail


def has_end(tail: bytes) -> bool:
    """Whether the end of a PDF is there; without it the file was cut off on the way."""
    return b"%%EOF" in tail[-4096:]


def refusal_of_parts(name: str, found: Format, parts: Sequence[Part], declared: str) -> str:
    """Why an office document is not taken, judged by its directory; empty when it is. `declared`: its own mimetype."""
    names = [part.name for part in parts]
    unpacked, packed = sum(part.size for part in parts), sum(part.packed for part in parts)
    if len(parts) > MOST_PARTS or unpacked > MOST_UNPACKED:
        return _("%(name)s unpacks to more than anybody would write. Save it anew with less in it", name=name)
    if unpacked > LEAST_FOR_RATIO and unpacked > MOST_RATIO * max(packed, 1):
        return _(
            "%(name)s unpacks to %(times)s times its size, as no real document does",
            name=name,
            times=unpacked // max(packed, 1),
        )
    if len(set(names)) < len(names) or any(_leaves_its_folder(one) for one in names):
        return _("%(name)s has parts with forged names inside. Save it anew, or send it as a PDF", name=name)
    if any(part.is_locked for part in parts):
        return _("%(name)s is locked with a password. Save it without one, and choose it again", name=name)
    if any(one.lower().endswith(("vbaproject.bin", ".exe", ".dll", ".js", ".vbs", ".hta")) for one in names):
        return _("%(name)s has macros or programs inside. Save it without them, or send it as a PDF", name=name)
    if not _is_inside(found, names, declared):
        return _(
            "%(name)s is not %(format)s inside. Save it anew, and choose it again", name=name, format=_(found.words)
        )
    return ""


def _is_inside(found: Format, names: Sequence[str], declared: str) -> bool:
    room = ROOM_OF.get(found.suffixes[0])
    if room is None:
        return declared == found.mime and "content.xml" in names
    return "[Content_Types].xml" in names and any(one.startswith(room) for one in names)


def _leaves_its_folder(name: str) -> bool:
    return name.startswith("/") or "\\" in name or "\0" in name or ".." in name.split("/") or name[1:2] == ":"


# --- as an answer -----------------------------------------------------------------------------------------------


def missing() -> Problem:
    """Not there and not the actor's look the same."""
    return Problem("", "upload_missing", _("This file is not here any more. Choose it again"))


def never_checked(name: str) -> str:
    """What the sender of a file reads when nobody could look at it, which is no fault of theirs."""
    return _(
        "%(name)s could not be checked, because of a fault on our side that we see to. Remove it and send it again",
        name=name,
    )


def misfit(upload: FileLike, accept: Collection[str] | None = None, max_mb: int | None = None) -> Problem | None:
    """Why an upload cannot be the answer of a field that takes these kinds and sizes now; None when it can."""
    name, most = upload.name, max_mb or USUAL_MB
    if upload.state == "refused":
        return Problem("", "upload_refused", upload.refusal)
    if accept and upload.kind not in accept:
        return Problem("", "upload_type", not_here(name, accept))
    if upload.size > most * MB:
        detail = _(
            "%(name)s has %(has)s, more than %(most)s MB. Choose a smaller file",
            name=name,
            has=size_in_words(upload.size),
            most=most,
        )
        return Problem("", "upload_too_large", detail, {"max_mb": most})
    if upload.state == "checking":
        return Problem("", "upload_not_ready", still_checking(name), {"retry_after": 5})
    return None


def not_here(name: str, accept: Collection[str]) -> str:
    return _("%(name)s cannot be used here. Choose a %(kinds)s file", name=name, kinds=kinds_in_words(accept))


def still_checking(name: str) -> str:
    return _("%(name)s is still being checked. Try again in a moment", name=name)


def too_large(name: str, most_mb: int) -> str:
    return _("%(name)s has more than %(most)s MB. Choose a smaller file", name=name, most=most_mb)


def _split(name: str) -> tuple[str, str]:
    """The name and its end: up to ten letters and digits after the last dot."""
    found = re.fullmatch(r"(.+?)(\.[A-Za-z0-9]{1,10})", name)
    return (found[1], found[2]) if found else (name, "")
