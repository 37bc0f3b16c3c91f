// The page of an instance and of a new one in the back office. Nothing is lost without it.
const { body } = document;
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const parse = (html) => new DOMParser().parseFromString(html, "text/html");
const ask = (url, options = {}) => fetch(url, { ...options, headers: { "X-Fragment": 1 } }).catch(() => ({}));
const say = (textContent) => document.getElementById("said").replaceChildren(Object.assign(document.createElement("p"), { className: "said", textContent }));

// Cards: fetched together when something changed. One in which somebody writes stays and says what happened.
const desk = document.querySelector("[data-desk]");
const plain = (node) => node.innerHTML.replace(/(name="(csrf_token|_key)")[^>]*/g, "$1");
const isTyped = (field) => field === document.activeElement || field.value !== field.defaultValue || field.checked !== field.defaultChecked;
const isBusy = (card) => all("input, textarea", card).some(isTyped);
const mark = (node) => node.id || node.href || node.textContent;
const seen = new Map();

function warn(card, fresh) {
  if (card.dataset.version === fresh.dataset.version) return;
  const line = card.querySelector("[data-news]") || card.insertBefore(Object.assign(document.createElement("p"), { role: "status", className: "banner warn small" }), card.firstChild);
  line.dataset.news = "";
  line.textContent = [fresh.dataset.latest, desk.dataset.words].filter(Boolean).join(" · ");
}

function swap(card, fresh) {
  const held = card.contains(document.activeElement) && mark(document.activeElement);
  const open = all("details", card).map((one) => one.open);
  card.replaceWith(fresh);
  all("details", fresh).forEach((one, index) => { one.open ||= open[index]; });
  if (held === false) return;
  fresh.tabIndex = -1;
  (all("a, button, summary", fresh).find((node) => mark(node) === held) || fresh).focus({ preventScroll: true });
}

let looking;
async function look({ detail } = {}) {
  if (looking || detail?.id && detail.id !== desk.dataset.id) return;
  looking = true;
  const answer = await ask(desk.dataset.desk);
  looking = false;
  if (!answer.ok || answer.redirected) return;
  const cards = all("[data-card]", parse(await answer.text()));
  let before;
  for (const fresh of cards) {
    const html = plain(fresh), card = document.getElementById(fresh.id);
    if (!card) before?.after(fresh);
    else if (html !== seen.get(fresh.id)) isBusy(card) ? warn(card, fresh) : swap(card, fresh);
    if (!card || !isBusy(card)) seen.set(fresh.id, html);
    before = document.getElementById(fresh.id);
  }
  all("[data-card]", desk).filter((card) => !cards.some((fresh) => fresh.id === card.id) && !isBusy(card)).forEach((card) => card.remove());
}

if (desk) {
  all("[data-card]", desk).forEach((card) => seen.set(card.id, plain(card)));
  ["resync", "instance-updated", "instance-closed"].forEach((name) => body.addEventListener(name, look));
}

// Outcome: the words of another one take the place of words that nobody edited.
document.addEventListener("change", ({ target }) => {
  const form = target.closest("[data-outcome]"), text = form?.elements.message;
  if (!form || target.name !== "outcome") return;
  if (all("[data-message]", form).some((radio) => radio.dataset.message === text.value)) text.value = target.dataset.message;
  text.dispatchEvent(new Event("input", { bubbles: true }));
});
document.addEventListener("input", ({ target }) => {
  const shown = document.querySelector(`[data-shows="${target.name}"]`);
  if (shown) shown.textContent = target.value;
});

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  say(button.dataset.done);
});

// A form of which a part depends on what is chosen: shown anew by the server, with all that was typed.
async function again(form, button) {
  if (form.querySelector("[data-state=sending]")) return form.requestSubmit(button); // uploads.js sends it once they are here
  const answer = await ask(form.action, { method: "POST", body: new FormData(form, button) });
  const fresh = answer.status < 500 && parse(await answer.text()).getElementById(form.id);
  if (!fresh) return form.requestSubmit(button);
  const held = document.activeElement.id;
  document.getElementById(form.id).replaceWith(fresh);
  document.dispatchEvent(new Event("redrawn"));
  document.getElementById(held)?.focus();
}
document.addEventListener("change", ({ target }) => {
  const button = target.dataset.again && document.getElementById(target.dataset.again);
  if (button) again(target.form, button);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-again]");
  if (!button) return;
  event.preventDefault();
  again(button.form, button);
});
