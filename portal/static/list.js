// A list that can be worked from the keyboard, and whose ticks outlive a live refresh. Nothing here is needed to use it.
const { body } = document, live = document.getElementById("live");
const all = (selector) => [...document.querySelectorAll(selector)];
const links = () => all("tbody .lead a"), boxes = () => all("[name=ref][form=bulk]");
const say = (text) => document.getElementById("said").replaceChildren(Object.assign(document.createElement("p"), { className: "said", textContent: text }));

// Ticks and choices: kept by name and value, put back when the region was fetched anew.
const kept = new Map(), mark = (field) => field.name + (field.type === "checkbox" ? "=" + field.value : "");
function count() {
  const chosen = boxes().filter((box) => box.checked).length, place = document.getElementById("count");
  if (place) place.textContent = chosen ? `${chosen} selected` : "";
}
live.addEventListener("change", ({ target }) => {
  if (target.matches("[data-all]")) boxes().forEach((box) => { box.checked = target.checked; kept.set(mark(box), box.checked); });
  else if (target.matches("[data-keys]")) localStorage.shortcuts = target.checked ? "" : "off";
  else if (target.name) kept.set(mark(target), target.type === "checkbox" ? target.checked : target.value);
  count();
});
function restore() {
  for (const field of all("#live :is(input[type=checkbox], select)[name]")) {
    if (!kept.has(mark(field))) continue;
    field[field.type === "checkbox" ? "checked" : "value"] = kept.get(mark(field));
  }
  all("[data-keys]").forEach((box) => { box.checked = localStorage.shortcuts !== "off"; });
  count();
}
new MutationObserver(restore).observe(live, { childList: true });
restore();

// What a row's menu asks comes in a dialog: as from a link, which baton.js opens there.
document.addEventListener("submit", (event) => {
  const form = event.target, menu = form.closest("[popover]");
  if (!menu) return;
  event.preventDefault();
  menu.hidePopover();
  const asked = new URLSearchParams(new FormData(form, event.submitter));
  const link = Object.assign(document.createElement("a"), { href: `${form.action}?${asked}`, hidden: true });
  link.dataset.dialog = "";
  form.after(link);
  link.click();
  link.remove();
});
document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  button.closest("[popover]").hidePopover();
  await navigator.clipboard.writeText(button.closest("tr").querySelector(".lead a").href);
  say("Link copied.");
});
if (!navigator.clipboard) body.classList.add("no-clipboard");

// Single keys: only outside of fields, never with another key, and not when they were switched off.
const row = () => document.activeElement.closest?.("tbody tr");
function move(step) {
  const list = links(), at = list.findIndex((link) => row()?.contains(link));
  list[Math.max(0, Math.min(list.length - 1, at + step))]?.focus();
}
const acts = {
  j: () => move(1),
  k: () => move(-1),
  x: () => row()?.querySelector("[name=ref][form=bulk]").click(),
  a: () => row()?.querySelector("[data-key=a]")?.click(),
  "/": () => document.getElementById("filter-q").focus(),
};
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || localStorage.shortcuts === "off") return;
  if (document.querySelector("dialog[open]") || !acts[event.key]) return;
  event.preventDefault();
  acts[event.key]();
});
