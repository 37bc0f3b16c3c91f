"""Plugins and folders: what is broken is listed with its place, and the rest is served."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flows.catalogue.loader import load, load_packages
from tests.catalogue.shipped import entry_points, shipped, written

SMALL = """\
flow: small
schema: 1
title: Small
start: {staff: true}
steps:
  one: {title: One, actor: customer, fields: {name: {type: text, label: Name}}}
effects:
  created:
    - email: small/hello
"""


def folder_with(tmp_path: Path, **files: str) -> Path:
    folder = tmp_path / "extra"
    (folder / "mail" / "small").mkdir(parents=True)
    (folder / "mail" / "small" / "hello.en.md").write_text("Subject: Hello\n\nHello ${{ customer.name }}.\n")
    for name, text in files.items():
        (folder / f"{name}.flow.yaml").write_text(text)
    return folder


@pytest.mark.requirement("D2")
def test_a_plain_folder_of_yaml_is_a_plugin(tmp_path: Path) -> None:
    registry = load([folder_with(tmp_path, small=SMALL)], entry_points=False)
    assert [broken.problems for broken in registry.broken] == []
    assert registry.flows["small"].plugin == "extra"
    mail = registry.mail("small/hello", "en")
    assert mail is not None
    assert mail.subject == "Hello"


@pytest.mark.requirement("D2")
def test_a_broken_flow_is_listed_and_the_rest_is_served(tmp_path: Path) -> None:
    folder = folder_with(
        tmp_path, small=SMALL, wrong=SMALL.replace("titel", "title").replace("title: Small", "titel: x")
    )
    registry = load_packages(entry_points().items(), [folder])
    assert set(registry.flows) == {*shipped().flows, "small"}
    (broken,) = registry.broken
    assert broken.file == "extra/wrong.flow.yaml"
    assert (broken.problems[0].line, broken.problems[0].code) == (3, "F102")


@pytest.mark.requirement("D2")
def test_the_first_flow_of_a_name_is_served(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    (folder / "coro-order-fulfilment.flow.yaml").write_text(written("coro-order-fulfilment"))
    registry = load_packages(entry_points().items(), [folder])
    assert registry.flows["coro-order-fulfilment"].plugin == "coro"
    assert [problem.code for broken in registry.broken for problem in broken.problems] == ["F120"]


@pytest.mark.requirement("D2")
def test_a_folder_that_is_not_there_is_listed(tmp_path: Path) -> None:
    registry = load([tmp_path / "nowhere"], entry_points=False)
    assert [problem.code for broken in registry.broken for problem in broken.problems] == ["F903"]


@pytest.mark.requirement("D2")
@pytest.mark.parametrize(
    "body", ["import nothing_of_this_name\n", "raise SystemExit(3)\n", "def broken(:\n", "1 / 0\n"]
)
def test_a_plugin_that_cannot_be_imported_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    package = tmp_path / "bad_plugin"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "actions.py").write_text(f"\n{body}")
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = load_packages([*entry_points().items(), ("bad", "bad_plugin")])
    for name in [name for name in sys.modules if name.startswith("bad_plugin")]:
        del sys.modules[name]
    assert set(registry.flows) == set(shipped().flows)
    (broken,) = registry.broken
    assert (broken.plugin, broken.problems[0].code, broken.problems[0].line) == ("bad", "F901", 2)


@pytest.mark.requirement("D2")
def test_a_mail_with_a_lost_name_breaks_its_flow_where_it_stands(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, small=SMALL)
    (folder / "mail" / "small" / "hello.en.md").write_text("Subject: Hello\n\nHello ${{ customer.nmae }}.\n")
    registry = load([folder], entry_points=False)
    (problem,) = registry.broken[0].problems
    assert problem.place == "extra/mail/small/hello.en.md:3:20"
    assert problem.cure == "did you mean 'name'?"


@pytest.mark.requirement("D2")
@pytest.mark.parametrize(("needed", "served"), [("1.0", True), ("1.9", False), ("2.0", False), ("one", False)])
def test_a_plugin_for_another_version_of_its_interface_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needed: str, served: bool
) -> None:
    """Before its modules are imported: what it needs may not be there."""
    package = tmp_path / f"needy_{needed.replace('.', '_')}"
    package.mkdir()
    (package / "__init__.py").write_text(f'requires_plugin_api = "{needed}"\n')
    (package / "actions.py").write_text("" if served else "from flows.plugin import not_there_yet\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = load_packages([("needy", package.name)])
    problems = [problem for broken in registry.broken for problem in broken.problems]
    assert [problem.code for problem in problems] == ([] if served else ["F904"])
    assert served or f"needs version {needed} of flows.plugin, this Baton has 1.1" in problems[0].text()


@pytest.mark.requirement("D2")
@pytest.mark.parametrize("body", ["", "1 / 0\n"])
def test_a_mail_of_a_package_that_cannot_be_read_is_told_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    """Whether or not its Python can be imported; its flows are broken then, and its other words serve what runs."""
    package = folder_with(tmp_path, small=SMALL).rename(tmp_path / f"garbled_{len(body)}")
    (package / "__init__.py").write_text(body)
    (package / "mail" / "small" / "bye.en.md").write_bytes(b"Subject: Bye\n\nAu revoir, Ren\xe9.\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = load_packages([("garbled", package.name)])
    faults = [one.problems[0].message for one in registry.broken if not one.flow]
    unread = "a mail cannot be read (garbled/mail/small/bye.en.md is not UTF-8; save it as UTF-8)"
    assert faults == ["the plugin cannot be imported (ZeroDivisionError: division by zero)"] * bool(body) + [unread]
    assert [one.flow for one in registry.broken if one.flow] == ["small"]
    assert registry.mail("small/hello", "en") is not None
