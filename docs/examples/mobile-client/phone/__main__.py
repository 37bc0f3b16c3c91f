"""The phone on a command line: `python -m phone --help`."""

from __future__ import annotations

import argparse
import json
import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from phone.app import POLL_SECONDS, Phone
from phone.line import Declined, NoAnswer
from phone.outbox import LONGEST_PAUSE
from phone.store import NotHere
from phone.tokens import SignedOut

Given = argparse.Namespace
SIGNED_OUT, DECLINED, NO_ANSWER = 3, 4, 5
"""Exit codes; 0 is done, or kept in the outbox."""


def main(words: list[str] | None = None) -> int:
    given = _parser().parse_args(words)
    phone = Phone(given.home, given.server, longest_pause=given.longest_pause)
    try:
        _show(given.act(phone, given))
    except SignedOut as why:
        return _complain(f"You are signed out: {why}. Sign in again; nothing is lost", SIGNED_OUT)
    except (Declined, NotHere) as no:
        return _complain(str(no), DECLINED)
    except NoAnswer as no:
        return _complain(f"No answer, try again: {no}", NO_ANSWER)
    finally:
        phone.close()
    return 0


def sign_in(phone: Phone, given: Given) -> None:
    if given.password or given.code:
        phone.tokens.sign_in(given.email, password=given.password, code=given.code)
    else:
        phone.tokens.ask_for_code(given.email)
        _show("A code is on its way by mail: sign-in EMAIL --code 123456")


def sync(phone: Phone, _given: Given) -> str:
    phone.round()
    waiting, conflicts = len(phone.outbox.rows("waiting", "checking")), len(phone.conflicts())
    return f"{len(phone.store.objects())} things here, {waiting} to be sent, {conflicts} to be decided"


def live(phone: Phone, given: Given) -> None:
    hints: queue.Queue[str | None] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin:
            hints.put(line.strip() or "hint")
        hints.put(None)

    threading.Thread(target=listen, daemon=True).start()
    phone.live(hints, given.poll, given.push_token)


def show(phone: Phone, given: Given) -> list[Any]:
    return [{"id": uid, **(one or {})} for (_, uid), one in phone.store.objects(given.kind).items()]


def form(phone: Phone, given: Given) -> dict[str, Any]:
    kept = phone.store.form(given.instance, given.step)
    if kept is None:
        raise NotHere(f"There is no form of {given.instance}/{given.step} here")
    return kept[1]


def products(phone: Phone, given: Given) -> list[Any]:
    """Looked up, not kept: a price has to be today's."""
    found: list[Any] = phone.tokens.ask("GET", "/products", params={"q": given.words}).json()["data"]
    return found


def outbox(phone: Phone, _given: Given) -> list[Any]:
    shown = ("key", "kind", "path", "state", "tries", "body", "answer")
    return [{name: row[name] for name in shown} for row in phone.outbox.rows("waiting", "checking", "conflict")]


def solve(phone: Phone, given: Given) -> str:
    """With these answers in place of those; after a 412 on the form as it is now, with what could be kept."""
    is_stale = any(row["key"] == given.key and row["answer"]["status"] == 412 for row in phone.conflicts())
    return phone.send_again(given.key, phone.look_again(given.key) if is_stale else None, given.answers)


def _files(given: Given) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for field, _, path in (one.partition("=") for one in given.file):
        found.setdefault(field, []).append(Path(path))
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("phone", description=__doc__)
    parser.add_argument("--home", type=Path, default=Path("phone-data"), help="the folder with all that is kept")
    parser.add_argument("--server", default="http://127.0.0.1:8000")
    parser.add_argument("--longest-pause", type=float, default=LONGEST_PAUSE, help="seconds between tries, at most")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, act: Callable[[Phone, Given], Any], what: str, *arguments: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=what)
        made.set_defaults(act=act)
        for argument in arguments:
            made.add_argument(argument, type=json.loads if argument == "answers" else str)
        return made

    into = command("sign-in", sign_in, "with a password, or with a code that comes by mail", "email")
    into.add_argument("--password", default="")
    into.add_argument("--code", default="")
    command("sign-out", lambda phone, _: phone.tokens.sign_out(), "on this phone")
    command("sync", sync, "send what waits and fetch what changed, once")
    loop = command("live", live, "sync until the end of the input; each line of it is a hint to sync now")
    loop.add_argument("--poll", type=float, default=POLL_SECONDS)
    loop.add_argument("--push-token", default="")
    command("show", show, "account, instance, order, case, message, ... as kept here", "kind")
    command("form", form, "a step to fill in, as kept here", "instance", "step")
    command("products", products, "what can be ordered", "words")
    command("outbox", outbox, "what waits, and what is to be decided")
    again = command("solve", solve, "send again what was declined", "key")
    again.add_argument("answers", type=json.loads, nargs="?")
    command("discard", lambda phone, given: phone.outbox.discard(given.key), "give it up", "key")
    order = command("order", lambda phone, g: phone.order(g.customer, {g.product: g.quantity}), "place an order",
                    "customer", "product")  # fmt: skip
    order.add_argument("quantity", type=int)
    command("start", lambda phone, g: phone.start(g.flow, g.answers), "ask for something", "flow", "answers")
    case = command("case", lambda phone, g: phone.raise_case(g.flow, g.answers, files=_files(g)), "raise a case",
                   "flow", "answers")  # fmt: skip
    case.add_argument("--file", action="append", default=[], help="FIELD=PATH")
    submit = command("submit", lambda phone, g: phone.submit(g.instance, g.step, g.answers, _files(g)), "send answers",
                     "instance", "step", "answers")  # fmt: skip
    submit.add_argument("--file", action="append", default=[], help="FIELD=PATH")
    command("draft", lambda phone, g: phone.draft(g.instance, g.step, g.answers), "keep answers for later",
            "instance", "step", "answers")  # fmt: skip
    command("say", lambda phone, g: phone.say(g.instance, g.words), "write a message", "instance", "words")
    command("comment", lambda phone, g: phone.comment(g.case, g.words), "on a case", "case", "words")
    command("status", lambda phone, g: phone.set_status(g.case, g.status, g.words), "of a case",
            "case", "status", "words")  # fmt: skip
    rate = command("rate", lambda phone, g: phone.rate(g.instance, g.score, g.words), "how it was", "instance")
    rate.add_argument("score", type=int)
    rate.add_argument("words", nargs="?", default="")
    return parser


def _show(said: object) -> None:
    if said is not None:
        sys.stdout.write(f"{said if isinstance(said, str) else json.dumps(said, indent=1, ensure_ascii=False)}\n")


def _complain(words: str, code: int) -> int:
    sys.stderr.write(f"{words}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
