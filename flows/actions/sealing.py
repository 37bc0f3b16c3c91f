"""Sensitive answers at rest: sealed under the newest key, opened under any that is known (X20).

A sealed value is stored as `{"sealed": "<token>"}` in the place of the answer. Only this room makes and opens one.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flows import settings
from flows.rules import private
from flows.rules.private import Fields
from flows.settings import Settings

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

SEALED = "sealed"
PURPOSE = b"baton field answers"
LOST = "cannot be opened (key)"
"""What people read where the key of an answer is gone."""
KEY_LOST = "A private answer in it cannot be opened: its key is gone. Add the key to BATON_FIELD_KEY, then retry"
"""What people read where something that waited with it cannot be handed out."""


class KeyLost(Exception):
    """Sealed under a key that is not among BATON_FIELD_KEY, nor derived from today's SECRET_KEY."""


def seal(fields: Fields, values: Mapping[str, Any]) -> dict[str, Any]:
    """The answers as they are stored: every sensitive one sealed, those in lists too.

    What a file field holds are ids, by which its uploads are found; they say nothing and stay.
    """
    return private.each(fields, values, lambda field, value: value if field.type == "file" else sealed(value))


def opened(fields: Fields, values: Mapping[str, Any]) -> dict[str, Any]:
    """The answers in clear, for conditions, effects and the form of whoever gives them.

    One that cannot be opened is left out, as if it had not been given: the doctor reports it.
    """
    found = private.each(fields, values, lambda _field, value: _opened_or_lost(value))
    return {name: _without_lost(value) for name, value in found.items() if value is not _LOST}


def sealed(value: Any) -> dict[str, str]:
    return {SEALED: _keyring(settings.current()).encrypt(json.dumps(value).encode()).decode()}


def unsealed(value: Any) -> Any:
    """The value in clear; one that was never sealed as it is. Raises KeyLost."""
    if not is_sealed(value):
        return value
    from cryptography.fernet import InvalidToken

    try:
        return json.loads(_keyring(settings.current()).decrypt(value[SEALED].encode("utf-8", "replace")))
    except InvalidToken:
        raise KeyLost from None


def is_sealed(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == {SEALED} and isinstance(value[SEALED], str)


def resealed(value: Any) -> Any:
    """Any JSON with what is sealed in it put under the newest key; what cannot be opened stays as it is."""
    if is_sealed(value):
        try:
            return sealed(unsealed(value))
        except KeyLost:
            return value
    if isinstance(value, Mapping):
        return {name: resealed(inner) for name, inner in value.items()}
    return [resealed(inner) for inner in value] if isinstance(value, list) else value


def lost_in(value: Any) -> int:
    """How many sealed values in any JSON cannot be opened."""
    if is_sealed(value):
        try:
            unsealed(value)
        except KeyLost:
            return 1
        return 0
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return sum(lost_in(one) for one in inner)


_LOST = object()


def _opened_or_lost(value: Any) -> Any:
    try:
        return unsealed(value)
    except KeyLost:
        return _LOST


def _without_lost(value: Any) -> Any:
    """A list answer without the parts of its entries that cannot be opened."""
    if not isinstance(value, list):
        return value
    return [
        {name: _without_lost(inner) for name, inner in one.items() if inner is not _LOST}
        if isinstance(one, Mapping)
        else one
        for one in value
    ]


def _keyring(product: Settings) -> MultiFernet:
    return _ring(tuple(product.field_keys), product.signing_key())


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...], signing_key: str) -> MultiFernet:
    """The keys of the settings, the newest first; last the derived one, so that setting a first key loses nothing."""
    # 12 MB in every process; those that never meet a private answer start without it.
    from cryptography.fernet import Fernet, MultiFernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(SHA256(), 32, salt=None, info=PURPOSE).derive(signing_key.encode())
    return MultiFernet([*(Fernet(key) for key in keys), Fernet(base64.urlsafe_b64encode(derived))])
