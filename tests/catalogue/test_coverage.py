"""How far a flow is translated; and that a locale file is found by its name alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.catalogue import load
from flows.catalogue.coverage import coverage, coverage_in
from flows.catalogue.registry import Registry
from flows.catalogue.translation import dotted, in_language, mark_of, translated, words_of
from flows.words import Borrowed

pytestmark = pytest.mark.requirement("X23")

FLOW = """flow: tea
schema: 1
title: Order tea
type: Drinks
start: {customer: true}
steps:
  choose:
    title: Choose a tea
    actor: customer
    fields:
      kind: {type: choice, label: Which tea, options: {black: Black, green: Green}}
"""


CASE = """flow: case
schema: 1
title: A case
start: {staff: true}
states:
  New: {is: todo, start: true}
  Done: {is: done, label: Settled}
actions:
  close: {label: Close, from: [New], to: Done, by: [staff]}
timers:
  late:
    after: 3d
    do: [{notice: {text: Late, link: See it}}]
effects:
  created:
    - webhook: {url: "https://example.org/hook", body: {text: Not for people}}
    - notice: We have it
"""


def with_locale(folder: Path, locale: str, name: str = "tea.cy.yaml") -> Registry:
    (folder / "locales").mkdir(exist_ok=True)
    (folder / "tea.flow.yaml").write_text(FLOW)
    (folder / "locales" / name).write_text(locale)
    return load([folder], entry_points=False)


def test_a_locale_is_found_by_its_name_and_told_what_it_lacks(tmp_path: Path) -> None:
    registry = with_locale(tmp_path, "title: Archebu te\nsteps: {choose: {title: Dewis te}}\n")
    loaded = registry.flows["tea"]
    spoken = in_language(registry, loaded.definition, loaded.content_hash, "cy-GB")
    assert (spoken.title, spoken.steps["choose"].title, spoken.type) == ("Archebu te", "Dewis te", "Drinks")
    assert [problem.code for problem in loaded.problems] == ["F605"]
    (found,) = coverage(registry, loaded.definition)
    assert (found.language, found.file, found.texts, found.done, found.percent) == (
        "cy",
        "locales/tea.cy.yaml",
        6,
        2,
        33,
    )
    assert ("type",) in found.missing
    assert found.stale == found.orphaned == ()


def test_what_was_translated_from_other_words_is_stale(tmp_path: Path) -> None:
    marks = f"translated_from: {{title: {mark_of('Order tea')}, type: {mark_of('Beverages')}}}\n"
    registry = with_locale(tmp_path, f"title: Archebu te\ntype: Diodydd\n{marks}")
    found = coverage_in(registry, registry.flows["tea"].definition, "cy")
    assert found.stale == (("type",),)
    assert not found.is_complete


def test_words_for_what_is_gone_are_left_out_and_told(tmp_path: Path) -> None:
    registry = with_locale(tmp_path, "title: Archebu te\nsteps: {pay: {title: Talu}}\n")
    loaded = registry.flows["tea"]
    assert [(one.code, one.severity) for one in loaded.problems] == [("F605", "warning"), ("F602", "warning")]
    assert in_language(registry, loaded.definition, loaded.content_hash, "cy").title == "Archebu te"
    assert coverage_in(registry, loaded.definition, "cy").orphaned == (("steps", "pay", "title"),)


@pytest.mark.parametrize(
    ("locale", "code"),
    [
        ("- no map\n", "F602"),
        ("title: [\n", "F001"),
        ("title: a\ntitle: b\n", "F004"),
        ("type: ${{ now }} o de\n", "F603"),
    ],
)
def test_a_translation_is_never_a_reason_not_to_serve(tmp_path: Path, locale: str, code: str) -> None:
    registry = with_locale(tmp_path, locale)
    loaded = registry.flows["tea"]
    assert code in [problem.code for problem in loaded.problems]
    spoken = in_language(registry, loaded.definition, loaded.content_hash, "cy")
    assert (spoken.title, spoken.type) == ("Order tea", "Drinks")


NAMED = "i18n: {cy: locales/cy.yaml}\n"


def two_flows(folder: Path, *, of_both: bool = True) -> Registry:
    """Two folders of one flow each; both name a locale file that is called as the other's."""
    for name in ("tea", "cake"):
        place = folder / name
        (place / "locales").mkdir(parents=True)
        (place / f"{name}.flow.yaml").write_text(FLOW.replace("flow: tea", f"flow: {name}") + NAMED)
        if name == "tea" or of_both:
            (place / "locales" / "cy.yaml").write_text(f"title: Cymraeg {name}\n")
    return load([folder / "tea", folder / "cake"], entry_points=False)


def test_the_locale_of_a_flow_is_the_one_beside_it(tmp_path: Path) -> None:
    registry = two_flows(tmp_path)
    said = {
        name: in_language(registry, one.definition, one.content_hash, "cy").title
        for name, one in registry.flows.items()
    }
    assert said == {"tea": "Cymraeg tea", "cake": "Cymraeg cake"}
    assert [one.file for one in registry.flows["cake"].problems] == ["cake/locales/cy.yaml"]


def test_the_locale_of_another_flow_is_not_borrowed(tmp_path: Path) -> None:
    cake = two_flows(tmp_path, of_both=False).flows["cake"]
    assert [(one.code, one.severity) for one in cake.problems] == [("F601", "warning")]


def test_a_plugin_may_bring_the_words_of_somebody_elses_flow_under_its_name(tmp_path: Path) -> None:
    for name, more in (("tea", "cake"), ("cake", "tea")):
        place = tmp_path / name
        (place / "locales").mkdir(parents=True)
        (place / f"{name}.flow.yaml").write_text(FLOW.replace("flow: tea", f"flow: {name}"))
        (place / "locales" / f"{more}.cy.yaml").write_text(f"title: Cymraeg {more}\n")
    registry = load([tmp_path], entry_points=False)
    tea = registry.flows["tea"]
    assert in_language(registry, tea.definition, tea.content_hash, "cy").title == "Cymraeg tea"


def test_a_second_flow_of_the_same_name_takes_no_words_from_the_first(tmp_path: Path) -> None:
    for place, title in (("a", "Cyntaf"), ("b", "Ail")):
        (tmp_path / place / "locales").mkdir(parents=True)
        (tmp_path / place / "tea.flow.yaml").write_text(FLOW + NAMED)
        (tmp_path / place / "locales" / "cy.yaml").write_text(f"title: {title}\n")
    registry = load([tmp_path], entry_points=False)
    tea = registry.flows["tea"]
    assert (tea.plugin, in_language(registry, tea.definition, tea.content_hash, "cy").title) == ("a", "Cyntaf")


def test_a_language_without_a_file_lacks_everything(tmp_path: Path) -> None:
    registry = with_locale(tmp_path, "title: Te\n", name="coffee.cy.yaml")
    assert coverage(registry, registry.flows["tea"].definition) == []
    found = coverage_in(registry, registry.flows["tea"].definition, "cy")
    assert (found.percent, len(found.missing)) == (0, 6)


def test_what_is_not_translated_says_that_it_is_english(tmp_path: Path) -> None:
    registry = with_locale(tmp_path, "title: Archebu te\n")
    loaded = registry.flows["tea"]

    def borrowed(language: str) -> dict[str, bool]:
        flow = in_language(registry, loaded.definition, loaded.content_hash, language)
        field = flow.steps["choose"].fields["kind"]
        words = {"title": flow.title, "type": flow.type, "label": field.label, "option": field.options["black"]}
        return {name: isinstance(said, Borrowed) and said.language == "en" for name, said in words.items()}

    assert borrowed("cy") == {"title": False, "type": True, "label": True, "option": True}
    assert borrowed("ar") == dict.fromkeys(("title", "type", "label", "option"), True), "no file at all"
    assert borrowed("en-GB") == dict.fromkeys(("title", "type", "label", "option"), False)


def test_states_without_a_label_and_notices_have_words_too(tmp_path: Path) -> None:
    (tmp_path / "case.flow.yaml").write_text(CASE)
    registry = load([tmp_path], entry_points=False)
    definition = registry.flows["case"].definition
    said = {dotted(path): text for path, text in words_of(definition).items()}
    assert said["states.New.label"] == "New"
    assert said["effects.created.1.notice.text"] == "We have it"
    assert said["timers.late.do.0.notice.link"] == "See it"
    assert not {path for path in said if "email" in path or "webhook" in path}
    locale = {"states": {"New": {"label": "Newydd"}}, "effects": {"created": {"1": {"notice": {"text": "Mae gennym"}}}}}
    welsh = translated(definition, locale)
    assert welsh.states["New"].label == "Newydd"
    assert [getattr(one, "notice", None) and one.notice.text for one in welsh.all_effects()] == [
        "Late", None, "Mae gennym",
    ]  # fmt: skip
    assert translated(definition, {"effects": {"created": ["no", "map"]}}).states["New"].label == "New"


def test_a_mail_in_english_only_is_missing_in_a_language_that_the_flow_speaks(tmp_path: Path) -> None:
    (tmp_path / "mail" / "tea").mkdir(parents=True)
    (tmp_path / "mail" / "tea" / "made.en.md").write_text("Subject: Made\n\nDrink it.\n")
    (tmp_path / "tea.flow.yaml").write_text(FLOW)
    with_locale(tmp_path, "title: Archebu te\n")
    (tmp_path / "tea.flow.yaml").write_text(FLOW + "effects:\n  created: [{email: tea/made}]\n")
    registry = load([tmp_path], entry_points=False)
    loaded = registry.flows["tea"]
    assert [(one.code, one.severity, one.cure) for one in loaded.problems if one.code == "F505"] == [
        ("F505", "warning", "write mail/tea/made.cy.md"),
    ]
    (found,) = coverage(registry, loaded.definition)
    assert (found.mails, found.texts, found.done) == (("mail/tea/made.cy.md",), 7, 1)
    assert (found.to_do[-1], found.is_complete) == ("mail/tea/made.cy.md", False)
    (tmp_path / "mail" / "tea" / "made.cy.md").write_text("Subject: Wedi gwneud\n\nYfwch.\n")
    registry = load([tmp_path], entry_points=False)
    assert [one.code for one in registry.flows["tea"].problems] == ["F605"]
    assert coverage(registry, loaded.definition)[0].mails == ()
