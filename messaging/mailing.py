"""The one port for mail: files in BATON_DATA/mail by default, SMTP when BATON_MAIL_URL is set."""

from __future__ import annotations

import os
import re
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime, formataddr, parseaddr, parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from flask import Flask, current_app
from flask_mailman import EmailMultiAlternatives, Mail
from flask_mailman.backends.base import BaseEmailBackend
from flask_mailman.backends.smtp import EmailBackend as SmtpBackend
from flask_mailman.message import BadHeaderError

from flows import settings as settings_room
from flows.plugin import PassingFault, PermanentFault
from flows.settings import Settings, SettingsError
from messaging import peace
from messaging.letters import Letter, one_line

TIMEOUT_SECONDS = 10.0
_OF_THIS_MAIL = (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError)
"""What a server that works says about one mail."""
_ADDRESS = re.compile(r"[^\s@<>\"(),:;\\\[\]\x00-\x20\x7f]+@[^\s@<>\"(),:;\\\[\]\x00-\x20\x7f]+")


def set_up(app: Flask, settings: Settings) -> None:
    """Point Flask-Mailman where the settings say. SettingsError when BATON_MAIL_URL cannot be read."""
    app.config.update(
        MAIL_DEFAULT_SENDER=settings.mail_from,
        MAIL_FILE_PATH=settings.folder / "mail",
        MAIL_BACKEND=FileBackend,
    )
    if settings.mail_url:
        app.config.update(smtp_from(settings.mail_url))
    Mail(app)


def smtp_from(url: str) -> dict[str, Any]:
    """`smtp://user:password@host:587?timeout=10` as Flask-Mailman's configuration.

    `smtp` turns to TLS on port 587 and whenever there is a password, never sent in the clear; `smtps` starts with it.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
        timeout = float(parse_qs(parts.query).get("timeout", [str(TIMEOUT_SECONDS)])[0])
    except ValueError:
        raise SettingsError("BATON_MAIL_URL: port and timeout are numbers; use smtp://user:password@host:587") from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise SettingsError("BATON_MAIL_URL is no mail server; use smtp://user:password@host:587 or smtps://host")
    direct = parts.scheme == "smtps"
    return {
        "MAIL_BACKEND": VerifyingBackend,
        "MAIL_SERVER": parts.hostname,
        "MAIL_PORT": port or (465 if direct else 587),
        "MAIL_USERNAME": unquote(parts.username or "") or None,
        "MAIL_PASSWORD": unquote(parts.password or "") or None,
        "MAIL_USE_SSL": direct,
        "MAIL_USE_TLS": not direct and (bool(parts.password) or port in (None, 587)),
        "MAIL_TIMEOUT": timeout,
    }


def check_server() -> None:
    """Raises PutOff while the server is left in peace, because another mail has found it away."""
    peace.check(_server())


def send(
    letter: Letter, *, name: str, address: str, key: str, owed_at: datetime, headers: Mapping[str, str] | None = None
) -> None:
    """Hand one letter over. The same key gives the same Message-ID, so that a repeat is recognised as one.

    Raises PassingFault when a later try may succeed, PermanentFault when this mail never will.
    """
    if not _ADDRESS.fullmatch(address):
        raise PermanentFault("the address is not one that mail can be sent to")
    settings = settings_room.current()
    message = EmailMultiAlternatives(
        letter.subject,
        letter.text,
        to=[formataddr((one_line(name), address))],
        reply_to=[settings.support_email],
        headers={
            "Message-ID": message_id(key, settings.mail_from),
            "Date": format_datetime(owed_at),
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            **(headers or {}),
        },
    )
    message.attach_alternative(letter.html, "text/html")
    try:
        message.send()
    except (BadHeaderError, ValueError) as fault:
        raise PermanentFault(f"this is no mail that can be sent: {fault}") from fault
    except (smtplib.SMTPException, OSError) as fault:
        if not isinstance(fault, _OF_THIS_MAIL):
            peace.found_away(_server())
        raise _judged(fault) from fault
    peace.found_well(_server())


def _server() -> str:
    """Which mail server the application uses."""
    return f"smtp {current_app.config.get('MAIL_SERVER')}:{current_app.config.get('MAIL_PORT')}"


def message_id(key: str, sender: str) -> str:
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return f"<{sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def _judged(fault: Exception) -> Exception:
    """Only what the server says about this very mail is for ever; a server that cannot be used may be mended."""
    match fault:
        case smtplib.SMTPRecipientsRefused(recipients=refused):
            code, words = next(iter(refused.values()))
        case smtplib.SMTPAuthenticationError() | smtplib.SMTPConnectError() | smtplib.SMTPHeloError():
            return PassingFault(f"the mail server does not let us in: {_said(fault.smtp_code, fault.smtp_error)}")
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=words):
            pass
        case _:
            return PassingFault(f"the mail server cannot be reached: {type(fault).__name__}: {fault}"[:300])
    said = f"the mail server says {_said(code, words)}"
    return PermanentFault(said) if 500 <= code < 600 else PassingFault(said)


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {one_line(text)}"[:300]


class _VerifyingConnection(smtplib.SMTP):
    """The standard library does not check the certificate after STARTTLS unless it is told to."""

    def starttls(self, *, context: ssl.SSLContext | None = None) -> Any:  # type: ignore[override]  # the old arguments are gone since 3.12
        return super().starttls(context=context or ssl.create_default_context())


class VerifyingBackend(SmtpBackend):
    """SMTP whose server has to prove who it is."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return smtplib.SMTP_SSL if self.use_ssl else _VerifyingConnection

    def send_messages(self, messages: Sequence[EmailMultiAlternatives]) -> int:
        try:
            return int(super().send_messages(messages))
        finally:
            left: smtplib.SMTP | None = self.connection
            if left is not None:  # it was refused; a QUIT might hang once more
                left.close()
                self.connection: smtplib.SMTP | None = None


class FileBackend(BaseEmailBackend):
    """One readable .eml file a mail, there complete or not at all; the same mail again replaces its file."""

    def send_messages(self, messages: Sequence[EmailMultiAlternatives]) -> int:
        folder = Path(self.mailman.file_path)
        folder.mkdir(parents=True, exist_ok=True)
        for message in messages:
            _write_whole(folder / _file_name(message), message.message().as_bytes())
        return len(messages)


def _file_name(message: EmailMultiAlternatives) -> str:
    moment = parsedate_to_datetime(message.extra_headers["Date"])
    words = "-".join(re.findall(r"[a-z0-9]+", message.subject.lower()))[:50].rstrip("-")
    person = re.sub(r"[^A-Za-z0-9.@+-]", "_", parseaddr(message.to[0])[1])[:60]
    return f"{moment:%Y%m%d-%H%M%S}-{person}-{words}-{message.extra_headers['Message-ID'][1:9]}.eml"


def _write_whole(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
