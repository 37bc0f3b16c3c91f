"""Answers in words: text, textarea, email, phone, url, domain."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flows.rules.answers.shapes import AnswerContext, FieldLike, Kind, noun, subject, wrong
from flows.words import N_
from flows.words import gettext as _

LONGEST = {"text": 500, "textarea": 20_000, "email": 254, "phone": 40, "url": 2_000, "domain": 253}
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.ASCII)
_PHONE = re.compile(r"\+?[0-9]{6,15}", re.ASCII)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def plain(value: str, *, lines: bool = False) -> str:
    """Text in NFC without control characters or lone surrogates, trimmed; line ends stay only with `lines`."""
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(
        letter for letter in (value if lines else re.sub(r"[\n\t]+", " ", value))
        if letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cs")
    )  # fmt: skip
    return unicodedata.normalize("NFC", kept).strip()


def pointer_part(name: str) -> str:
    """A name that somebody sent as one part of a JSON pointer."""
    return plain(name[:80]).replace("~", "~0").replace("/", "~1")


def tidy(raw: Any) -> Any:
    """A value as it was sent, fit to be kept: its texts plain, a float that is no number as its word."""
    if isinstance(raw, str):
        return plain(raw, lines=True)
    if isinstance(raw, Mapping):
        return {plain(str(name)): tidy(value) for name, value in raw.items()}
    if isinstance(raw, (list, tuple)):
        return [tidy(value) for value in raw]
    return str(raw) if isinstance(raw, float) and not math.isfinite(raw) else raw


def text_of(field: FieldLike, raw: Any, *, lines: bool = False) -> str:
    """The answer as plain text, or Wrong: anything else than text is refused, never guessed."""
    if not isinstance(raw, str):
        wrong("type", _("Enter %(field)s as text", field=noun(field)))
    value = plain(raw, lines=lines)
    longest = field.max_length or LONGEST.get(field.type, 500)
    if len(value) > longest:
        over = len(value) - longest
        wrong(
            "too_long",
            _(
                "%(field)s must be %(longest)s characters or fewer; it is %(over)s too many",
                field=subject(field),
                longest=longest,
                over=over,
            ),
            max=longest,
        )
    return value


def _matching(field: FieldLike, value: str) -> str:
    """The author's pattern, over the whole value."""
    if field.pattern and not re.fullmatch(field.pattern, value):
        said = getattr(field, "pattern_error", None) or field.hint
        if said:
            wrong("pattern", _("Enter %(field)s in the right form: %(form)s", field=noun(field), form=said))
        wrong("pattern", _("Enter %(field)s in the right form", field=noun(field)))
    return value


def _text(field: FieldLike, raw: Any, _context: AnswerContext) -> str:
    return _matching(field, text_of(field, raw, lines=field.type == "textarea"))


def domain_name(value: str) -> str | None:
    """A host name in lower case and ASCII (IDNA), or None when it is none. At least two labels, no IP address."""
    try:
        host = value.encode("idna").decode("ascii").lower()
        host.encode("ascii").decode("idna")  # an xn-- label that stands for nothing
    except (UnicodeError, ValueError):
        return None
    labels = host.split(".")
    fits = len(host) <= 253 and len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels)
    return host if fits and not labels[-1].isdigit() else None


def _domain(field: FieldLike, raw: Any, _context: AnswerContext) -> str:
    """`https://Example.com./` and `example.com` are the same domain."""
    value = _SCHEME.sub("", text_of(field, raw).replace(" ", ""), count=1)
    host = domain_name(value.rstrip("/").removesuffix("."))
    if host is None:
        wrong("domain", _("Enter %(field)s, like example.com", field=noun(field)))
    return _matching(field, host)


def _email(field: FieldLike, raw: Any, _context: AnswerContext) -> str:
    local, at, host = re.sub(r"\s", "", text_of(field, raw)).rpartition("@")
    domain = domain_name(host)
    value = f"{local}@{domain}"
    if not at or domain is None or len(local) > 64 or not _LOCAL.fullmatch(local) or len(value) > 254:
        wrong("email", _("Enter %(field)s, like name@example.com", field=noun(field)))
    return _matching(field, value)


def _phone(field: FieldLike, raw: Any, _context: AnswerContext) -> str:
    value = re.sub(r"[\s().\-/‐‑–]", "", text_of(field, raw))
    if value.startswith("00"):
        value = f"+{value[2:]}"
    if not _PHONE.fullmatch(value):
        wrong("phone", _("Enter %(field)s, like 01632 960 001 or +44 808 157 0192", field=noun(field)))
    return _matching(field, value)


def _url(field: FieldLike, raw: Any, _context: AnswerContext) -> str:
    value = text_of(field, raw)
    value = value if _SCHEME.match(value) else f"https://{value}"
    address = _address(value)
    if address is None:
        wrong("url", _("Enter %(field)s, like https://www.example.com/page", field=noun(field)))
    return _matching(field, address)


def _address(value: str) -> str | None:
    """An http(s) address with a host of letters, no password and no white space; None for anything else."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return None
    host = domain_name((parts.hostname or "").removesuffix("."))
    if parts.scheme not in ("http", "https") or host is None or "@" in parts.netloc or re.search(r"[\s\\]", value):
        return None
    return parts._replace(netloc=host if port is None else f"{host}:{port}").geturl()


def _show(_field: FieldLike, value: Any, _context: AnswerContext | None) -> str:
    return str(value)


KINDS = {
    "text": Kind(_text, _show),
    "textarea": Kind(_text, _show),
    "email": Kind(_email, _show, N_("Enter %(field)s, like name@example.com")),
    "phone": Kind(_phone, _show),
    "url": Kind(_url, _show),
    "domain": Kind(_domain, _show, N_("Enter %(field)s, like example.com")),
}
