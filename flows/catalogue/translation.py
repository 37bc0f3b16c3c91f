"""Which words of a flow can be said in another language, by path; and whether a locale file says them (X23).

A locale file is a map like the flow itself, named under `i18n:` or found by its name, `locales/<flow>.<language>.yaml`.
Beside its words it may keep, under `translated_from`, marks of what they were translated from: a change is seen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from hashlib import sha256
from typing import Any

from flows.catalogue.problems import FlowProblem, cure_among
from flows.catalogue.registry import LoadedFlow, Registry
from flows.catalogue.schema import EmailEffect, FlowDefinition, NotifyEffect
from flows.catalogue.source import Path, Place, Source, Unreadable, read_source
from flows.log import Log
from flows.words import USUAL, Borrowed

log = Log(__name__)

WORD_KEYS = frozenset({"title", "label", "hint", "summary", "text", "help", "message", "customer_label"})
_NAMED_WORDS = frozenset({"options", "status_labels"})
_NO_WORDS = frozenset({"do", "effects", "timers", "with", "item_", "moved", "i18n"})
HOLE = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)
LOCALES = "locales"
TRANSLATED_FROM = "translated_from"
"""Where a locale keeps the mark of every source text, by dotted path."""


def words_of(definition: FlowDefinition) -> dict[Path, str]:
    """Every translatable text of a flow by its path, e.g. ("steps", "identity", "title").

    A state without a label is called by its name, which is a word that people read too. An effect that tells somebody
    something has no name: it counts from 0 in its list.
    """
    written = definition.model_dump(by_alias=True, exclude_unset=True)
    named: dict[Path, str] = {
        ("states", name, "label"): name for name, state in definition.states.items() if not state.label
    }
    kind: dict[Path, str] = {("type",): definition.type} if definition.type else {}
    return {**dict(_words(written, ())), **dict(_told(written)), **named, **kind}


def translated(definition: FlowDefinition, locale: dict[str, Any]) -> FlowDefinition:
    """The same flow in another language; what the locale does not say stays as it is, and says so.

    So does what it says with other holes: a translator's slip must not leave somebody without words.
    """
    written = definition.model_dump(by_alias=True, exclude_unset=True)
    for path, text in words_of(definition).items():
        said = _at(locale, path)
        _at(written, path[:-1])[path[-1]] = said if isinstance(said, str) and same_holes(text, said) else Borrowed(text)
    return FlowDefinition.model_validate(written)


def in_language(registry: Registry, definition: FlowDefinition, content_hash: str, language: str) -> FlowDefinition:
    """What a served flow, or an older text of it, says in this language, else in the base of it ("cy" for "cy-GB").

    What the plugin's locale does not say stays as it is written, `Borrowed` from English. An older text is spoken with
    the words of today: they lie by path, and those for places that it does not have are not looked at.
    """
    key = (content_hash, language)
    if key not in registry.spoken:
        file = file_of(registry, definition, language)
        as_written = file is None and language.partition("-")[0] == USUAL
        locale = locale_in(registry, file, definition.flow) if file is not None else {}
        registry.spoken[key] = definition if as_written else translated(definition, locale)
    return registry.spoken[key]


def sayings_in(registry: Registry, loaded: LoadedFlow, language: str) -> dict[str, str]:
    """What a served flow says in this language, by what it says in its own: for words that were kept as they were."""
    key = (loaded.content_hash, language)
    if key not in registry.sayings:
        said = words_of(in_language(registry, loaded.definition, loaded.content_hash, language))
        own = words_of(loaded.definition)
        registry.sayings[key] = {text: said[path] for path, text in own.items() if said.get(path, text) != text}
    return registry.sayings[key]


def file_of(registry: Registry, definition: FlowDefinition, language: str) -> str | None:
    """The locale file of a flow for a language or the base of it: the one it names, else the one with its name."""
    for tried in dict.fromkeys((language, language.partition("-")[0])):
        named = definition.i18n.get(tried) or usual_file(definition.flow, tried)
        if tried in definition.i18n or registry.read(named, definition.flow) is not None:
            return named
    return None


def usual_file(flow: str, language: str) -> str:
    """How a locale file is called that the flow does not name."""
    return f"{LOCALES}/{flow}.{language}.yaml"


def files_of(registry: Registry, definition: FlowDefinition) -> dict[str, str]:
    """Every language that a flow has a locale file for, with the file."""
    beside = {
        language: usual_file(definition.flow, language)
        for language in registry.languages_beside(definition.flow)
        if language not in definition.i18n
    }
    return dict(sorted({**definition.i18n, **beside}.items()))


def mails_of(definition: FlowDefinition) -> list[str]:
    """The kinds of mail that a flow sends, each once."""
    sent = (
        one.email.template if isinstance(one, EmailEffect) else one.notify.template
        for one in definition.all_effects()
        if isinstance(one, EmailEffect | NotifyEffect)
    )
    return list(dict.fromkeys(sent))


def is_written_in(registry: Registry, kind: str, language: str) -> bool:
    """Whether there is a template of this mail in the language, or in the base of it."""
    return any(mail.language in (language, language.partition("-")[0]) for mail in registry.mails(kind))


def mail_file(kind: str, language: str) -> str:
    """Where the words of a mail lie in a plugin."""
    return f"mail/{kind}.{language}.md"


def mark_of(text: str) -> str:
    """Enough of a source text to see later that it is another one."""
    return sha256(text.encode()).hexdigest()[:8]


def holes_of(text: str) -> Counter[str]:
    """The expressions in the holes of a text, without the spaces around them."""
    return Counter(HOLE.findall(text)) if "${{" in text else Counter()


def same_holes(text: str, said: str) -> bool:
    """Whether a translation says what the text says: the same holes, in whatever order."""
    return holes_of(text) == holes_of(said) and said.count("${{") == text.count("${{")


def dotted(path: Path) -> str:
    """A path as people write it: `steps.identity.title`."""
    return ".".join(map(str, path))


def said_in(locale: dict[str, Any]) -> dict[Path, Any]:
    """What a locale says, by path, without what it was translated from."""
    return dict(_leaves({key: said for key, said in locale.items() if key != TRANSLATED_FROM}, ()))


def locale_in(registry: Registry, file: str, flow: str) -> dict[str, Any]:
    """The words in a locale file of a flow; of one that cannot be read, of which lint tells, there are none."""
    found = registry.read(file, flow)
    try:
        words = read_source(found[1], found[0])[0] if found is not None else None
    except Unreadable as refusal:
        log.warning("locale_unreadable", file=file, cause=str(refusal))
        return {}
    return words if isinstance(words, dict) else {}


def check_locale(
    definition: FlowDefinition, values: Any, source: Source, doubted: Collection[Path] = ()
) -> list[FlowProblem]:
    """Words for places that do not exist, and how much is still missing.

    Of the `doubted` the holes are wrong in the flow itself, so that nobody can say which a translation has to have.
    """
    if not isinstance(values, dict):
        return [source.problem("F602", "a locale is a map like the flow itself", Place(1, 1), "", "warning")]
    words = words_of(definition)
    given = said_in(values)
    problems = [
        _lost_words(path, words, source)
        for path, said in given.items()
        if path not in words or not isinstance(said, str)
    ]
    problems += [
        _other_holes(path, words[path], source)
        for path, said in given.items()
        if path in words and path not in doubted and isinstance(said, str) and not same_holes(words[path], said)
    ]
    problems += cut_words(given, source)
    missing = [path for path in words if path not in given]
    if missing:
        message = f"{len(missing)} of {len(words)} texts are not translated, first '{dotted(missing[0])}'"
        problems.append(source.problem("F605", message, Place(1, 1), "", "warning"))
    return problems


def cut_words(words: Iterable[Path], source: Source) -> Iterator[FlowProblem]:
    """Words for people that end at a ` #`, where YAML takes the rest for a comment."""
    for path in words:
        if (whole := source.cut.get(path)) is not None:
            quoted = f'"{whole}"' if '"' not in whole else "'" + whole.replace("'", "''") + "'"
            message = "this text ends before the #, with which a comment begins"
            cure = f"put it in quotes: {path[-1]}: {quoted}"
            yield source.problem("F010", message, source.value(path), cure, "warning")


def _lost_words(path: Path, words: dict[Path, str], source: Source) -> FlowProblem:
    """The problem stands at the first part of the path that leads nowhere."""
    if path in words:
        return source.problem("F602", "this should be text", source.value(path), "put it in quotes", "warning")
    if below := sorted({str(known[len(path)]) for known in words if known[: len(path)] == path}):
        message = f"the words at '{dotted(path)}' stand one level deeper"
        return source.problem("F602", message, source.key(path), f"name which: {', '.join(below[:12])}", "warning")
    depths = range(1, len(path) + 1)
    lost = next((n for n in depths if not any(known[:n] == path[:n] for known in words)), len(path))
    beside = {str(known[lost - 1]) for known in words if len(known) >= lost and known[: lost - 1] == path[: lost - 1]}
    message = f"the flow has no words at '{dotted(path[:lost])}'"
    cure = cure_among(str(path[lost - 1]), beside) or "take it out"
    return source.problem("F602", message, source.key(path[:lost]), cure, "warning")


def _other_holes(path: Path, text: str, source: Source) -> FlowProblem:
    wanted = ", ".join(f"${{{{ {hole} }}}}" for hole in holes_of(text)) or "none"
    message = f"the holes differ from those of the flow at '{dotted(path)}'"
    return source.problem("F603", message, source.value(path), f"the translation has to have {wanted}", "warning")


def _words(node: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if not isinstance(node, dict):
        return
    for key, inner in node.items():
        named = bool(path) and path[-1] in _NAMED_WORDS
        if isinstance(inner, str) and (named or key in WORD_KEYS):
            yield (*path, key), inner
        elif isinstance(inner, dict) and key not in _NO_WORDS:
            yield from _words(inner, (*path, key))


def _told(written: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """The words that effects tell people: notices, and messages of a conversation."""
    groups: list[tuple[Path, Any]] = [
        (("effects", event), effects) for event, effects in written.get("effects", {}).items()
    ]
    for place in ("steps", "actions", "timers"):
        groups += [((place, name, "do"), one.get("do", ())) for name, one in written.get(place, {}).items()]
    for path, effects in groups:
        for at, effect in enumerate(effects):
            notice = effect.get("notice") or {}
            yield from (((*path, str(at), "notice", key), notice[key]) for key in ("text", "link") if notice.get(key))
            if effect.get("message"):
                yield (*path, str(at), "message"), effect["message"]


def _leaves(node: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(node, dict):
        for key, inner in node.items():
            yield from _leaves(inner, (*path, key))
    else:
        yield path, node


def _at(node: Any, path: Path) -> Any:
    for part in path:
        node = _inside(node, str(part))
    return node


def _inside(node: Any, part: str) -> Any:
    if isinstance(node, list | tuple):
        return node[int(part)] if part.isdigit() and int(part) < len(node) else None
    return node.get(part) if isinstance(node, dict) else None
