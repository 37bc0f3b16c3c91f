"""`baton flows i18n`: words go out as PO and come back as a locale, all or nothing, and changes are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flows import catalogue
from flows.catalogue import loader
from flows.catalogue.translation import mark_of
from tests.catalogue.test_coverage import FLOW
from worker.commands.flows import flows

pytestmark = pytest.mark.requirement("X23")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "tea.flow.yaml").write_text(FLOW)
    monkeypatch.setattr(catalogue, "load", loader.load)  # what is read is not kept, as each command is a process
    monkeypatch.setenv("BATON_FLOW_FOLDERS", str(tmp_path / "shop"))
    monkeypatch.setenv("BATON_DATA", str(tmp_path / "data"))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(flows, ["i18n", *arguments])


def translated(po: str, **said: str) -> str:
    """The PO file with these translations, by the path with underscores."""
    lines, key = [], ""
    for line in po.splitlines():
        if line.startswith("msgctxt"):
            key = line.removeprefix('msgctxt "').rstrip('"').replace(".", "_")
        lines.append(f'msgstr "{said[key]}"' if line == 'msgstr ""' and key in said else line)
    return "\n".join(lines) + "\n"


def test_words_go_out_and_come_back_and_a_changed_text_is_stale(folder: Path) -> None:
    out = folder / "tea.po"
    assert run("export", "tea", "--to", "cy", "--out", str(out)).exit_code == 0
    assert 'msgctxt "steps.choose.fields.kind.label"' in out.read_text()
    assert "on the step “Choose a tea”" in out.read_text()
    out.write_text(translated(out.read_text(), title="Archebu te", steps_choose_title="Dewis te"))
    said = run("import", str(out))
    assert said.exit_code == 0, said.output
    locale = folder / "shop" / "locales" / "tea.cy.yaml"
    assert "title: Archebu te" in locale.read_text()
    assert "2 done, 4 missing, 0 stale, 0 orphaned" in run("status", "tea").output
    assert run("status", "tea", "--strict").exit_code == 1

    flow = folder / "shop" / "tea.flow.yaml"
    flow.write_text(flow.read_text().replace("Order tea", "Order some tea"))
    assert "1 done, 4 missing, 1 stale" in run("status", "tea").output
    again = run("export", "tea", "--to", "cy").output
    assert "#, fuzzy" in again
    out.write_text(again)
    assert run("import", str(out)).exit_code == 0
    assert "1 done, 4 missing, 1 stale" in run("status", "tea").output, "a doubtful entry stays as it was"


def test_a_file_with_something_wrong_in_it_changes_nothing(folder: Path) -> None:
    out = folder / "tea.po"
    run("export", "tea", "--to", "cy", "--out", str(out))
    good = out.read_text()
    out.write_text(
        translated(good, title="Te ${{ x }}").replace('msgctxt "steps.choose.title"', 'msgctxt "steps.chose.title"')
    )
    said = run("import", str(out))
    assert said.exit_code == 2
    assert "title: the holes differ" in said.output
    assert "steps.chose.title: the flow has no words there; did you mean" in said.output
    assert not (folder / "shop" / "locales").exists()


def test_where_nothing_can_be_written_it_says_so(folder: Path) -> None:
    out = folder / "tea.po"
    run("export", "tea", "--to", "cy", "--out", str(out))
    (folder / "shop" / "locales").write_text("")  # a file where the folder would be
    said = run("import", str(out))
    assert said.exit_code == 2, said.exception
    assert f"{folder / 'shop' / 'locales' / 'tea.cy.yaml'} cannot be written (File exists); import as" in said.output
    said = run("export", "tea", "--to", "cy", "--out", str(folder / "nowhere" / "tea.po"))
    assert (said.exit_code, said.output.count("; choose another file")) == (2, 1)


def test_what_is_no_po_file_and_a_flow_that_there_is_not_are_refused(folder: Path) -> None:
    (folder / "x.po").write_text("# tea: x\nmsgid no quotes\n")
    assert "no PO file" in run("import", str(folder / "x.po")).output
    assert "did you mean 'tea'" in run("export", "tee", "--to", "cy").output


def test_status_counts_a_mail_that_is_there_in_english_only(folder: Path) -> None:
    shop = folder / "shop"
    for place in ("mail/tea", "locales"):
        (shop / place).mkdir(parents=True)
    (shop / "mail" / "tea" / "made.en.md").write_text("Subject: Made\n\nDrink it.\n")
    (shop / "locales" / "tea.cy.yaml").write_text("title: Archebu te\n")
    assert "1 done, 5 missing" in run("status", "tea").output
    (shop / "tea.flow.yaml").write_text(FLOW + "effects:\n  created: [{email: tea/made}]\n")
    assert "1 done, 6 missing" in run("status", "tea").output


def test_the_words_of_a_step_that_moved_go_with_it(folder: Path) -> None:
    shop = folder / "shop"
    (shop / "locales").mkdir()
    marks = f"translated_from: {{steps.choose.title: {mark_of('Pick a tea')}}}\n"
    steps = "steps: {choose: {title: Dewis te, fields: {kind: {label: Pa de}}}}\n"
    (shop / "locales" / "tea.cy.yaml").write_text(f"title: Archebu te\n{steps}{marks}")
    moved = FLOW.replace("  choose:", "  pick:").replace("      kind:", "      sort:")
    (shop / "tea.flow.yaml").write_text(f"{moved}moved: {{choose: pick, kind: sort}}\n")
    out = run("export", "tea", "--to", "cy").output
    entries = {entry.partition('msgctxt "')[2].partition('"')[0]: entry for entry in out.split("\n\n")}
    assert 'msgstr "Dewis te"' in entries["steps.pick.title"]
    assert "fuzzy" in entries["steps.pick.title"], "it says something else today"
    assert 'msgstr "Pa de"' in entries["steps.pick.fields.sort.label"]
    assert "fuzzy" not in entries["steps.pick.fields.sort.label"]
    (folder / "tea.po").write_text(out)
    assert run("import", str(folder / "tea.po")).exit_code == 0
    kept = (shop / "locales" / "tea.cy.yaml").read_text()
    assert "Pa de" in kept
    assert "Dewis te" in kept, "a doubtful entry stays as it was"
    assert "1 stale, 0 orphaned" in run("status", "tea").output
