"""What `baton up` starts, in which order, and what it says when everything answers."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import click

from flows.settings import Settings
from worker import valkey
from worker.supervisor import Child, Log, Supervisor, program
from worker.trouble import Trouble

PATIENCE_SECONDS = 30.0


def launch(settings: Settings) -> int:
    """Start everything, say when it answers, keep it running; returns the exit code once told to stop."""
    began = time.monotonic()
    lock = _claim_folder(settings.folder)
    _check_ports(settings)
    settings.signing_key()  # made here, before two parts could make it at once
    supervisor = Supervisor(_say)
    supervisor.obey_signals()
    try:
        if not settings.redis_url:
            _start_valkey(supervisor, settings)
        for name, arguments in _parts(settings):
            if name == "family":  # it alone opens the database at once; the others load meanwhile
                _prepare()
            supervisor.start(Child(name, program(arguments), Log(settings.folder / "logs" / f"{name}.log", _say)))
        supervisor.watch(until=lambda: _answers(settings) or time.monotonic() - began > PATIENCE_SECONDS)
        if not supervisor.stopping and not _answers(settings):
            _say(f"Baton takes longer than usual; see {settings.folder / 'logs'}")
            supervisor.watch(until=lambda: _answers(settings))
        if not supervisor.stopping:
            click.echo(_greeting(settings, time.monotonic() - began))
        supervisor.watch()
    finally:
        supervisor.end_all()
        os.close(lock)
    return 0


def _parts(settings: Settings) -> list[tuple[str, list[str]]]:
    python = [sys.executable, "-m"]
    parts = [
        ("live", [*python, "worker", "live"]),
        ("family", [*python, "worker", "family"]),
    ]
    if settings.has_own_provider or settings.has_own_checkout:
        parts.append(("outside", [*python, "worker.demo.outside"]))
    return parts


def _claim_folder(folder: Path) -> int:
    """Make the data folder and hold it, so that no second `baton up` works on the same files."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "baton.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as fault:
        raise Trouble(f"BATON_DATA ({folder}) cannot be written: {fault.strerror}; choose another folder") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Trouble(f"Baton is running on {folder} already; stop it, or set BATON_DATA to another folder") from None
    return lock


def _check_ports(settings: Settings) -> None:
    ports = [("BATON_PORT", settings.port), ("BATON_LIVE_PORT", settings.port_of_live)]
    if settings.has_own_provider:
        ports.append(("BATON_PORT", settings.port_of_provider))
    if settings.has_own_checkout:
        ports.append(("BATON_PORT", settings.port_of_checkout))
    for name, port in ports:
        with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except (OSError, OverflowError) as fault:
                why = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
                raise Trouble(f"Cannot listen on {settings.host}:{port} ({why}); set {name} to a free port") from None


def _start_valkey(supervisor: Supervisor, settings: Settings) -> None:
    path = valkey.socket_path(settings.redis, settings.folder)
    arguments = valkey.command_line(settings.folder, path)
    supervisor.start(Child("valkey", program(arguments), Log(settings.folder / "logs" / "valkey.log", _say)))
    deadline = time.monotonic() + 5
    supervisor.watch(until=lambda: valkey.answers(path) or time.monotonic() > deadline)
    if not supervisor.stopping and not valkey.answers(path):
        raise Trouble(f"Valkey does not start; see {settings.folder / 'logs' / 'valkey.log'}")


def _prepare() -> None:
    """Bring the database to the newest shape and, in an empty demo, fill it; in a process of its own that then goes."""
    if code := subprocess.call([sys.executable, "-m", "worker", "db", "prepare"]):
        sys.exit(code)


def _answers(settings: Settings) -> bool:
    """True when the web part says it is ready and the live part accepts connections."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104  # compared, not bound
    trusted = settings.trusted_hosts.split(",")[0].strip() or "localhost"
    with contextlib.suppress(OSError), socket.create_connection((host, settings.port), 2) as web:
        socket.create_connection((host, settings.port_of_live), 1).close()
        # By hand: http.client and the TLS it loads would be half of this process's memory.
        web.sendall(f"GET /healthz HTTP/1.0\r\nHost: {trusted}\r\n\r\n".encode())
        return web.recv(64).split(b" ")[1:2] == [b"200"]
    return False


def _greeting(settings: Settings, seconds: float) -> str:
    lines = [
        f"Baton is ready after {seconds:.1f} s.",
        f"  Portal       {settings.origin}/",
        f"  Back office  {settings.origin}/admin/",
        f"  JSON API     {settings.origin}/api/v1/",
        f"  Data, logs   {settings.folder}",
    ]
    if settings.is_demo:
        lines += ["", "Sign in with the password `demo` as"]
        lines += [f"  {email:<22} {who}" for email, who in DEMO_PEOPLE]
        lines += ["", "`baton demo clock +3d` moves the demo's clock. Ctrl-C ends everything."]
    return "\n".join(lines)


DEMO_PEOPLE = (
    ("buyer@demo.example", "buys for her customers in the portal"),
    ("tenant@demo.example", "a tenant in the portal"),
    ("agent@demo.example", "works in the back office"),
    ("admin@demo.example", "may everything in the back office"),
)


def _say(line: str) -> None:
    click.echo(line, err=True)
