"""Every `baton flows` command answers in words, never with a traceback, whatever is given as a path or a name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from worker.commands.flows import flows
from worker.preview.source import Source

pytestmark = [pytest.mark.requirement("X35"), pytest.mark.usefixtures("app")]

FLOW = "flow: tea\nschema: 1\ntitle: Tea\nstart: {staff: true}\nsteps: {brew: {title: Brew, actor: staff}}\n"
SOUND = {
    "name": "coro-order-fulfilment", "named": "coro-order-fulfilment", "names": "coro-order-fulfilment",
    "before": "file", "after": "file", "event": "order.placed", "ref": "TI-2041", "language": "cy",
    "given": "sound/payload.yaml", "file": "sound/tea.po", "paths": "sound/tea.flow.yaml",
}  # fmt: skip
"""What else a command needs, by the name of the parameter."""
FLAGS = {"migrate": ["--plan", "--to", "file"], "fuzz": ["--steps", "1", "--jobs", "1"], "new": ["--into", "."]}
NOT_TRIED = {("new", "into", "/"), ("new", "into", "nowhere/at/all"), ("new", "into", "empty"), ("new", "into", ".")}
"""There a new flow is written as it should be."""


class _SameProduct:
    """The context that the test has open already."""

    def app_context(self) -> AbstractContextManager[None]:
        return nullcontext()


class _Shown:
    """A preview shows broken flows too, and would listen until somebody ends it."""

    def __init__(self, source: Source) -> None:
        source.read()
        raise SystemExit(0)


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths and names that make no sense, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("wsgi.create_app", lambda *_: _SameProduct())
    monkeypatch.setenv("BATON_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "baton.db").touch()
    monkeypatch.setattr("worker.preview.local.Local", _Shown)
    files = {
        "sound/tea.flow.yaml": FLOW.encode(), "sound/payload.yaml": b"order: {}\n", "sound/tea.po": b"# tea: Tea\n",
        "binary.flow.yaml": bytes(range(256)) * 20, "picture.png": b"\x89PNG\0\0", "tool": bytes(range(256)),
        "nul.flow.yaml": FLOW.encode() + b"\0", "empty.flow.yaml": b"", "notes.txt": b"flow: tea\n",
        "two/scenarios/tea.yaml": b"\xff\xfe\0", "two/locales/tea.cy.yaml": b"- no map\n", "empty/.keep": b"",
    }  # fmt: skip
    for name, raw in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(raw)
    (tmp_path / "circle.flow.yaml").symlink_to("circle.flow.yaml")
    (tmp_path / "circle").symlink_to("circle")
    made = [name for name in files if not name.startswith("sound")]
    return [
        "", ".", "/", "nowhere/at/all", "tea.flow.yaml", "empty", "circle", "circle.flow.yaml", "/dev/null", "x" * 5000,
        "x/" * 2500, "\udcff.flow.yaml", "two\nlines", "~", "..", *made,
    ]  # fmt: skip


def commands(group: click.Group = flows, *above: str) -> Iterator[tuple[list[str], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)
        else:
            yield [*above, name], command


def takes_words(parameter: click.Parameter) -> bool:
    """Whether it is a path or a name, and no number, flag or choice."""
    is_flag = isinstance(parameter, click.Option) and bool(parameter.is_flag or parameter.flag_value)
    return isinstance(parameter.type, click.Path | click.File | click.types.StringParamType) and not is_flag


CASES = [(words, one) for words, command in commands() for one in command.params if takes_words(one)]


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize(("words", "parameter"), CASES, ids=[f"{'-'.join(words)}-{one.name}" for words, one in CASES])
def test_a_command_answers_in_words(words: list[str], parameter: click.Parameter, hostile: list[str]) -> None:
    command = {tuple(name): one for name, one in commands()}[tuple(words)]
    for value in hostile:
        if (words[-1], parameter.name, value) not in NOT_TRIED:
            ran = _run(words, command, parameter, value)
            assert ran.exception is None or isinstance(ran.exception, SystemExit), (value[:80], ran.exception)
            assert "Traceback" not in ran.output
            assert len(ran.output) < 60_000, value[:80]


def _run(words: list[str], command: click.Command, tried: click.Parameter, value: str) -> Result:
    line = [*words, *FLAGS.get(words[-1], [])]
    for one in command.params:
        given = value if one is tried else SOUND.get(one.name or "") if one.required else None
        if given is not None and isinstance(one, click.Option):
            line += [one.opts[0], given]
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    line += ["--", *(value if one is tried else SOUND[one.name or ""] for one in arguments)]
    return CliRunner().invoke(flows, line)


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize("value", ["nowhere/at/all", "x" * 5000, "circle", "empty", "binary.flow.yaml"])
def test_what_is_not_there_or_no_text_ends_with_2(value: str, hostile: list[str]) -> None:
    known = {tuple(name): one for name, one in commands()}
    for words, parameter in CASES:
        if (words[-1], parameter.name, value) not in {*NOT_TRIED, ("preview", "named", "binary.flow.yaml")}:
            ran = _run(words, known[tuple(words)], parameter, value)
            assert ran.exit_code == 2, (words, parameter.name, ran.output[:300])


def test_there_are_parameters_to_try() -> None:
    tried = {" ".join(words) for words, _ in CASES}
    assert {"lint", "test", "fuzz", "new", "diff", "why", "publish", "i18n import", "preview"} <= tried


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("nowhere/at/all", "F903 there is no such file or folder"),
        ("tea", "F903 there is no such file or folder"),
        ("x" * 5000, "F901 this cannot be looked at (File name too long)"),
        ("circle.flow.yaml", "F901 this cannot be looked at (Too many levels of symbolic links)"),
        ("empty", "F903 there is no flow here; a flow is a file called NAME.flow.yaml"),
        ("/dev/null", "F903 this is neither a file nor a folder"),
        ("/", "F903 there are more than 2000 folders in it; name the folder of your flows"),
        ("picture.png", "F903 this is no flow, and lies beside none; a flow is a file called NAME.flow.yaml"),
        ("binary.flow.yaml", "F003 this byte is not UTF-8"),
        ("nul.flow.yaml", "F003 the file holds a NUL character"),
    ],
)
def test_lint_says_what_it_cannot_look_at_and_ends_with_2(path: str, says: str, hostile: list[str]) -> None:
    ran = CliRunner().invoke(flows, ["lint", path])
    assert (ran.exit_code, says in ran.output) == (2, True), ran.output[:500]
    assert len(ran.output) < 1000


@pytest.mark.parametrize("code", ["F999", "", "x" * 5000, "\udcff", "explain"])
def test_a_code_that_there_is_not_ends_with_2(code: str) -> None:
    ran = CliRunner().invoke(flows, ["lint", "--explain", code])
    assert ran.exit_code == 2
    assert ran.output.startswith("Error: No code is called ")
