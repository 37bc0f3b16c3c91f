"""Baton as somebody has it who installed it: wheels in a clean environment, nothing of this tree on the path."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from sysconfig import get_path

import pytest

ROOT = Path(__file__).parents[1]
PLUGIN = ROOT / "tests" / "external_plugin" / "package"
OFFLINE = {"PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_DEPS": "1", "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
"""What pip builds with and depends on is there already. (The 0 is pip's own way to say "without isolation".)"""

WITHOUT_OUR_PLUGINS = ["-p", "no:schemathesis", "-p", "no:hypothesispytest"]
"""Plugins of pytest that only stand there because our own tests need them; loading them takes as long as the tests."""


@dataclass(frozen=True)
class Installed:
    """An environment of its own below `home`; `more` are settings for everything that runs in it."""

    home: Path
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(self.home / "bin"), "/usr/local/bin", "/usr/bin", "/bin"])
        mine = {"PATH": path, "HOME": str(self.home), "LANG": "C.UTF-8", "BATON_DATA": str(self.home / "var")}
        return {**mine, **OFFLINE, **self.more}

    def run(self, *words: str, cwd: Path | None = None, said: str | None = None) -> subprocess.CompletedProcess[str]:
        """A command of this environment, as a shell would find it; `said` is what it reads."""
        program = self.home / "bin" / words[0]
        return subprocess.run(
            [str(program), *words[1:]], cwd=cwd or self.home, env=self.environment, input=said, capture_output=True,
            text=True, timeout=120,
        )  # fmt: skip

    def baton(self, *words: str, said: str | None = None) -> str:
        """What a command printed; it went well."""
        ran = self.run("baton", *words, said=said)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def install(self, *wheels: Path) -> None:
        _pip(self.home / "bin" / "python", "install", "--quiet", *map(str, wheels))


def wheel_of(folder: Path, into: Path) -> Path:
    """The wheel of a package, built with what is installed here."""
    into.mkdir(parents=True)
    _pip(Path(sys.executable), "wheel", "--quiet", "--wheel-dir", str(into), str(folder))
    [wheel] = into.iterdir()
    return wheel


def install(home: Path, wheels: Sequence[Path]) -> Installed:
    """A new environment with these wheels; what they depend on it finds where the tests have it, Baton it does not."""
    venv.create(home, with_pip=False, symlinks=True)
    found = Installed(home)
    here = home / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    # a path file is not read for path files of its own, so the editable Baton of the tests stays out
    (here / "dependencies.pth").write_text(get_path("purelib") + "\n")
    found.install(*wheels)
    script = home / "bin" / "pytest"
    begin = f"from pytest import main\nsys.exit(main({WITHOUT_OUR_PLUGINS} + sys.argv[1:]))\n"
    script.write_text(f"#!{home}/bin/python\nimport sys\n{begin}")
    script.chmod(0o755)
    return found


def _pip(python: Path, *words: str) -> None:
    environment = {**os.environ, **OFFLINE}
    environment.pop("PYTHONPATH", None)
    ran = subprocess.run(
        [str(python), "-m", "pip", *words], env=environment, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(scope="session")
def baton_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel_of(ROOT, tmp_path_factory.mktemp("wheel") / "baton")
