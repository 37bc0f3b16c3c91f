"""What to write instead of a value of the wrong kind or form: a list around it, its unit, the word that was meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flows.catalogue.allowed import Loc, known_keys, patterns, required_keys, takes
from flows.catalogue.problems import nearest
from flows.catalogue.schema.effects import KINDS
from flows.catalogue.schema.fields import FIELD_TYPES
from flows.catalogue.schema.words import CONDITIONS, PLAIN

LONGEST = 60
AFTER_DASH = "write a space after the dash"
PEOPLE = ("staff", "customer", "creator", "assignee", "manager", "department")
SPAN, CLOCK, PERSON, SLUG, STATE, CURRENCY, TEMPLATE, NAME = (
    next(pattern for pattern, plain in PLAIN.items() if plain.startswith(begin))
    for begin in (
        "a span is", "a time is", "people are", "a flow's name", "a state is", "a currency is", "a template is",
        "a name is",
    )
)  # fmt: skip
UNITS = {"m": "m|min|mins|minutes?", "h": "h|hr|hrs|hours?", "wd": "wd|working ?days?", "d": "d|days?", "w": "w|weeks?"}
SYNONYMS = {
    **dict.fromkeys(("string", "str", "line"), "text"), **dict.fromkeys(("multiline", "paragraph"), "textarea"),
    **dict.fromkeys(("select", "dropdown", "radio", "enum"), "choice"), **dict.fromkeys(("float", "decimal"), "number"),
    **dict.fromkeys(("multiselect", "checkboxes"), "choices"), **dict.fromkeys(("checkbox", "toggle"), "boolean"),
    **dict.fromkeys(("upload", "attachment", "photo"), "file"), "currency": "money", "tel": "phone", "time": "datetime",
    **dict.fromkeys(("tenant", "client", "resident"), "customer"), **dict.fromkeys(("admin", "agent", "team"), "staff"),
    **dict.fromkeys(("robot", "automatic"), "system"),
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "webp", "heic", "images", "picture"), "image"),
    **dict.fromkeys(("doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "word", "excel"), "office"),
    **dict.fromkeys(("txt", "csv"), "text"),
}  # fmt: skip
"""What other tools call some of our words."""
_NEEDS_QUOTES = re.compile(r"[:#,{}\[\]]|^[-\s?&*!|>'\"%@`]|^[\d.+]*$|^(true|false|null|~)$", re.IGNORECASE)


def cure_of_kind(wanted: str, written: Any, loc: Loc) -> str:
    """For a value that should be text, a whole number, true or false, a list or a map."""
    if wanted == "text":
        return _as_text(written, loc)
    if wanted == "true or false":
        return _as_flag(written)
    if wanted == "a list":
        return _as_list(written, loc)
    if wanted == "a map":
        return _as_map(written, loc)
    return f"write {written} without quotes" if isinstance(written, str) and written.strip().isdigit() else ""


def cure_of_form(written: Any, pattern: str) -> str:
    """For a text that does not have the form which is needed."""
    text = str(written)
    if pattern == SPAN:
        return _span(text)
    if pattern == CLOCK:
        return _clock(text)
    if pattern == PERSON:
        named = re.fullmatch(r"[a-z][a-z0-9_]*", text)
        if (meant := SYNONYMS.get(text.lower())) in PEOPLE:
            return f"did you mean '{meant}'?"
        return nearest(text, PEOPLE) or (f"a role is written role.{text}" if named else "")
    fixed = _fixed(text, pattern)
    return f"write {fixed}" if fixed != text and re.search(pattern, fixed) else ""


def inline(value: Any) -> str:
    """A value as it is written on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {inline(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(inline, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "~", True: "true", False: "false"}[value]
    text = str(value)
    return f'"{text}"' if isinstance(value, str) and _NEEDS_QUOTES.search(text) else text


def _write(value: Any, otherwise: str) -> str:
    """The value as it should stand here, where it is short enough to be shown."""
    shown = inline(value)
    return f"write {shown}" if len(shown) <= LONGEST else otherwise


def _as_text(written: Any, loc: Loc) -> str:
    if isinstance(written, bool | int | float):
        forms = patterns(loc)
        if not isinstance(written, bool) and forms & {SPAN, CLOCK}:
            return _span(str(written)) if SPAN in forms else _clock(str(written))
        return f'put it in quotes: "{inline(written)}"'
    if isinstance(written, list) and len(written) == 1:
        return _write(written[0], "take the brackets or the dash away")
    if isinstance(written, list) and loc and loc[-1] in CONDITIONS:
        return "join them with &&"
    return "write one text"


def _as_flag(written: Any) -> str:
    if isinstance(written, str):
        known = {"yes": "write true", "on": "write true", "no": "write false", "off": "write false"}
        known |= {word: f"write {word}, without quotes" for word in ("true", "false")}
        return known.get(written.lower(), nearest(written, ("true", "false")))
    return {0: "write false", 1: "write true"}.get(written, "") if isinstance(written, int) else ""


def _as_list(written: Any, loc: Loc) -> str:
    entries_are_maps = bool(known_keys((*loc, 0)))
    if (isinstance(written, Mapping) and all(str(key).startswith("-") for key in written)) or (
        isinstance(written, str) and re.match(r"-\w", written)
    ):
        return AFTER_DASH
    if isinstance(written, Mapping):
        if entries_are_maps:
            return _write([written], "put a dash before its first key: a list of one")
        return _write([*written], "write only the names, between [ and ]")
    if entries_are_maps:
        return f"write {_effect(written)} between [ and ]" if written in KINDS else "each entry is a map, after a dash"
    names = re.split(r"[,\s]+", written.strip(" []()")) if isinstance(written, str) else [written]
    return _write(names, "write it between [ and ]")


def _effect(kind: str) -> str:
    return f"{{{kind}: ...}}"


def _as_map(written: Any, loc: Loc) -> str:
    keys = known_keys(loc)
    if isinstance(written, list):
        return _list_as_map(written, keys, loc)
    if "label" in keys and ("type" in keys or "hint" in keys):
        kind = written if written in FIELD_TYPES else SYNONYMS.get(written, "")
        return f"write {{type: {kind}, label: ...}}" if kind else _write({"type": "text", "label": written}, "")
    if "email" in keys:
        return f"write {_effect(written)}" if written in KINDS else f"an effect needs one of: {', '.join(KINDS)}"
    if not keys:
        return _named(written, loc)
    if written in keys and takes((*loc, written), True):
        return _write({written: True}, "")
    if key := next(
        (key for key in _first_those_needed(keys, loc) if takes((*loc, key), _given(written, loc, key))), ""
    ):
        return _write({key: _given(written, loc, key)}, f"write it after '{key}:'")
    return f"write a map with: {', '.join(keys)}"


def _first_those_needed(keys: list[str], loc: Loc) -> list[str]:
    needed = required_keys(loc)
    return needed if len(needed) == 1 else keys if not needed else []


def _given(written: Any, loc: Loc, key: str) -> Any:
    """A bare number where a span belongs is one of days."""
    is_span = isinstance(written, int) and not isinstance(written, bool) and SPAN in patterns((*loc, key))
    return f"{written}d" if is_span else written


def _list_as_map(written: list[Any], keys: list[str], loc: Loc) -> str:
    flags = {word: True for word in written if word in keys and takes((*loc, word), True)} if _plain(written) else {}
    if flags and len(flags) == len(written):
        return _write(flags, "write each with `: true`")
    if not keys and _plain(written):
        return _named(written, loc)
    if not keys and all(isinstance(one, dict) and len(one) == 1 for one in written):
        return _write({key: value for one in written for key, value in one.items()}, "take the dashes away")
    return "take the dash away" if keys else "give each entry a name in place of its dash: name: ..."


def _plain(written: list[Any]) -> bool:
    return all(isinstance(one, str | int) for one in written)


def _named(written: Any, loc: Loc) -> str:
    """Words where a map of names belongs: options, or things that have keys of their own."""
    if known_keys((*loc, "name")):
        return "give each a name, and below it what it is: name: ..."
    words = written if isinstance(written, list) else [written]
    pairs = {re.sub(r"\W+", "_", str(word).lower()).strip("_"): word for word in words}
    return _write(pairs, "write key: value for each")


def _span(text: str) -> str:
    """`5`, `5 days` and `5D` are meant for `5d`."""
    found = re.fullmatch(r"(\d{1,7})\s*(.*)", text.strip().lower())
    if found is None:
        return ""
    number, unit = str(int(found[1])), found[2].rstrip(".")
    if not unit:
        return f"write {number}d for days, {number}h for hours"
    meant = next((short for short, words in UNITS.items() if re.fullmatch(words, unit)), "")
    return f"write {number}{meant}" if meant else ""


def _clock(text: str) -> str:
    found = re.fullmatch(r"(\d{1,2})(?:[:.](\d\d))?\s*(am|pm)?", text.strip().lower())
    if found is None:
        return nearest(text, ("end",))
    hour = int(found[1]) + (12 if found[3] == "pm" and int(found[1]) < 12 else 0)
    return f'write "{hour:02}:{found[2] or "00"}"' if hour < 24 else ""


def _fixed(text: str, pattern: str) -> str:
    """The text in the form that is needed, as near to what was written as it goes."""
    if pattern in (NAME, SLUG):
        joint = "_" if pattern == NAME else "-"
        return re.sub(r"[^a-z0-9]+", joint, re.sub(r"(?<=[a-z])(?=[A-Z])", joint, text).lower()).strip(joint)
    if pattern == STATE:
        return "".join(word[:1].upper() + word[1:] for word in re.split(r"\W+", text))
    if pattern == TEMPLATE:
        return re.sub(r"(\.[a-z]{2}(-[A-Z]{2})?)?\.md\Z", "", text.removeprefix("mail/")).lower()
    return text.upper() if pattern == CURRENCY else text
