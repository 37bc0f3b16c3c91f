"""Pages whose samples are run: what kinds of block there are, and a person who follows a page from top to bottom.

A block ```console holds commands after `$` and what they print; `...` stands for anything, alone on a line for any
lines. A block with a file's name, ```yaml shed/shed.flow.yaml, is written there; ```diff with one changes it. Run as a
program with the name of a page it writes what is printed now into the page.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.installed import PLUGIN, ROOT, Installed, install, wheel_of

FENCE = re.compile(r"^```(?P<kind>\w*)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
STATE = (
    'cd "$(cat {0}/where)"; source {0}/exported; {1}\ncode=$?; pwd > {0}/where; export -p > {0}/exported; exit $code'
)
SHORT = "COLUMNS=100; export COLUMNS\n"


@dataclass(frozen=True)
class Block:
    kind: str
    file: str
    text: str

    def commands(self) -> Iterator[tuple[str, str]]:
        """Each command with what it prints."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            lines = part.splitlines(keepends=True)
            last = next(n for n, line in enumerate(lines) if not line.endswith("\\\n"))
            yield "".join(lines[: last + 1]).rstrip("\n"), "".join(lines[last + 1 :])


def blocks(page: str) -> list[Block]:
    return [Block(found["kind"], found["file"] or "", found["text"]) for found in FENCE.finditer(page)]


def texts_of(page: str, kind: str) -> list[str]:
    """What stands in the blocks of this kind."""
    return [one.text for one in blocks(page) if one.kind == kind]


def is_as_told(told: str, printed: str) -> bool:
    """Line by line; `...` is anything in its line, or any lines where it stands alone."""
    pattern = "".join(
        r"(?:.*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + "\n"
        for line in told.splitlines()
    )
    return re.fullmatch(pattern, printed) is not None


@dataclass
class Reader:
    """Somebody at a shell in an empty folder, who does what a page says."""

    installed: Installed
    folder: Path
    _notes: Path = field(init=False)

    def __post_init__(self) -> None:
        self._notes = self.folder.parent / f"{self.folder.name}-shell"
        self._notes.mkdir()
        (self._notes / "where").write_text(str(self.folder))
        (self._notes / "exported").write_text(SHORT)

    def follow(self, page: str) -> Iterator[tuple[str, str, str]]:
        """Every command with what the page says, and what was printed."""
        for block in blocks(page):
            if block.kind == "console":
                yield from ((command, told, self._type(command)) for command, told in block.commands())
            elif block.kind == "diff":
                self._change(self._place(block.file), block.text)
            elif block.file:
                self._place(block.file).parent.mkdir(parents=True, exist_ok=True)
                self._place(block.file).write_text(block.text)

    def _place(self, file: str) -> Path:
        return self.folder / file

    def _type(self, command: str) -> str:
        ran = subprocess.run(
            ["bash", "-c", STATE.format(self._notes, command)], env=self.installed.environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=120,
        )  # fmt: skip
        return ran.stdout.replace(str(self.folder), "~")

    @staticmethod
    def _change(place: Path, diff: str) -> None:
        lines = diff.splitlines(keepends=True)
        before = "".join(line[1:] or "\n" for line in lines if not line.startswith("+"))
        after = "".join(line[1:] or "\n" for line in lines if not line.startswith("-"))
        text = place.read_text()
        assert text.count(before) == 1, f"{place} has these lines {text.count(before)} times:\n{before}"
        place.write_text(text.replace(before, after))


def rewritten(page: str, reader: Reader) -> str:
    """The page, with what is printed now where it says something else."""
    at = 0
    for command, told, printed in reader.follow(page):
        at = page.index(f"$ {command}\n{told}", at) + len(f"$ {command}\n")
        if not is_as_told(told, printed):
            page = page[:at] + printed + page[at + len(told) :]
    return page


def main(places: list[str]) -> None:
    with TemporaryDirectory() as scratch:
        wheels = [wheel_of(folder, Path(scratch) / folder.name) for folder in (ROOT, PLUGIN)]
        for number, place in enumerate(places):
            folder = Path(scratch) / str(number) / "reader"
            folder.mkdir(parents=True)
            page, installed = Path(place), install(folder.parent / "home", wheels)
            page.write_text(rewritten(page.read_text(), Reader(installed, folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
