// Attributes: see base.html.
const { body } = document, words = JSON.parse(body.dataset.words);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const make = (tag, parts) => Object.assign(document.createElement(tag), parts);
const parse = (html) => new DOMParser().parseFromString(html, "text/html");
const ask = (url, method, form) => fetch(url, { method, body: form, headers: { "X-Fragment": 1 } }).catch(() => ({}));
const on = (type, selector, act) => document.addEventListener(type, (event) => {
  const found = event.target.closest(selector);
  if (found) act(found, event);
});

// Live regions: never replaced while somebody types.
const plain = (html) => html.replace(/(name="csrf_token")[^>]*/g, "$1").trim();
const isTyped = (field) => field === document.activeElement || field.value !== field.defaultValue;
const mark = (node) => node.id || node.href || node.textContent;

async function refresh(region) {
  region.seen ||= plain(region.innerHTML);
  const answer = await ask(region.dataset.refresh);
  if (!answer.ok || answer.redirected) return;
  const page = parse(await answer.text()), fresh = page.getElementById(region.id) || page.body, html = plain(fresh.innerHTML);
  if (region.id === "nav") document.title = document.title.replace(/^(\(\S+ )?/, page.title && page.title + " ");
  if (html === region.seen || all("input, textarea", region).some(isTyped)) return;
  region.seen = html;
  const focused = region.contains(document.activeElement) && mark(document.activeElement);
  const open = all("details", region).map((menu) => menu.open);
  region.replaceChildren(...fresh.childNodes);
  all("details", region).forEach((menu, index) => { menu.open ||= open[index]; });
  if (focused === false) return;
  region.tabIndex = -1;
  (all("a, button, summary", region).find((node) => mark(node) === focused) || region).focus({ preventScroll: true });
}

const poke = body.poke = (name, detail) => {
  body.dispatchEvent(new CustomEvent(name, { detail }));
  all(`[data-on~="${name}"]`).forEach(refresh);
};

// Live: Socket.IO 5.
let pause = 1000, wasLost;
function connect() {
  const socket = new WebSocket(new URL(body.dataset.live, location.href.replace(/^http/, "ws")));
  socket.onmessage = ({ data: packet }) => {
    const [, kind, json] = packet.match(/^(\d+)(?:\/\w+,)?(.*)/s);
    if (kind === "0") socket.send(`40/${body.matches(".staff") ? "staff" : "portal"},{}`);
    if (kind === "2") socket.send("3");
    if (kind === "40") { pause = 1000; body.socket = socket; poke(wasLost ? "resync" : "live"); }
    if (kind === "42") { const [name, detail] = JSON.parse(json); poke(name.replaceAll(".", "-"), detail); }
  };
  socket.onclose = () => {
    wasLost = setTimeout(connect, pause * (0.7 + Math.random()));
    pause = Math.min(pause * 2, 30000);
  };
}
if (body.dataset.live) connect();
const resync = () => document.hidden || poke("resync");
setInterval(resync, 25000);
addEventListener("focus", resync);

// Drafts: a click on Submit comes first.
const kept = sessionStorage, place = (form) => body.dataset.user + form.dataset.draft;
const signedOut = (answer) => answer.status === 401 || answer.redirected && answer.url.includes("/sign-in");
const typed = (form) => JSON.stringify([...new FormData(form)].filter(([name, value]) => name !== "csrf_token" && value.trim));

function tell(form, text, href) {
  const line = form.querySelector("[role=status]") || form.appendChild(make("p", { role: "status", className: "small muted" }));
  line.replaceChildren(text, " ", href ? make("a", { href, textContent: words.signin }) : "");
}

function expired(form) {
  if (form.dataset.draft) kept[place(form)] = typed(form);
  tell(form, words.expired, "/sign-in?next=" + encodeURIComponent(form.closest("dialog")?.from || location.pathname + location.search));
}

async function save(form) {
  clearTimeout(form.timer);
  const text = typed(form);
  if (text === form.saved || form.sent) return;
  const answer = await ask(form.dataset.draft, "PUT", new FormData(form));
  if (signedOut(answer)) return expired(form);
  if (!answer.ok) return tell(form, words.unsaved);
  form.saved = text;
  const time = new Date().toLocaleTimeString(document.documentElement.lang, { timeStyle: "short" }).toLowerCase();
  tell(form, words.saved + " " + time.replace(/\s(?=[ap]m)/, ""));
}

function ready(form) {
  form.saved = typed(form);
  const back = kept.wasOut && JSON.parse(kept[place(form)] || "[]");
  delete kept[place(form)];
  if (!back?.length) return;
  for (const field of form.elements) {
    const values = back.filter(([name]) => name === field.name).map(([, value]) => value);
    if (/^(checkbox|radio)$/.test(field.type)) field.checked = values.includes(field.value);
    else if (values.length && !/^(hidden|submit|file)$/.test(field.type)) field.value = values[0];
  }
  save(form);
}
const soon = (wait) => (form) => { clearTimeout(form.timer); form.timer = setTimeout(save, wait, form); };
on("input", "[data-draft]", soon(2000));
on("focusout", "[data-draft]", soon(300));
if (location.pathname.startsWith("/sign-in")) kept.wasOut = 1;
else { all("[data-draft]").forEach(ready); delete kept.wasOut; }

// Dialogs.
async function show(dialog, answer) {
  const page = parse(await answer.text());
  dialog.replaceChildren(...(page.querySelector("main") || page.body).childNodes);
  dialog.append(make("button", { className: "link", textContent: words.close, onclick: () => dialog.close() }));
  const title = dialog.querySelector("h1, h2:not(#errors)");
  title.id ||= "dialog-title";
  dialog.setAttribute("aria-labelledby", title.id);
  all("[data-draft]", dialog).forEach(ready);
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[data-errors]")?.focus();
}

on("click", "[data-dialog]", async (link, event) => {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const answer = await ask(link.href);
  if (!answer.ok || answer.redirected) return location.assign(link.href);
  const dialog = make("dialog", { className: "stack", from: link.pathname });
  dialog.onclose = () => dialog.remove();
  body.append(dialog);
  show(dialog, answer);
});

async function send(form, dialog, button) {
  const answer = await ask(form.getAttribute("action") || dialog.from, "POST", new FormData(form, button));
  form.sent = answer.status === 204;
  if (signedOut(answer)) return expired(form);
  if (!(answer.status < 500)) return tell(form, words.failed);
  if (answer.status !== 204 && !answer.redirected) return show(dialog, answer);
  dialog.close();
  document.getElementById("said").replaceChildren(make("p", { className: "said", textContent: form.dataset.done || words.sent }));
  poke("resync");
}

// Forms: sent once.
on("submit", "[method=post]", (form, event) => {
  if (form.sent) return event.preventDefault();
  form.sent = 1;
  setTimeout(() => { form.sent = 0; }, 8000);
  if (form.dataset.draft) kept[place(form)] = typed(form);
  const dialog = form.closest("dialog");
  if (dialog?.from) { event.preventDefault(); send(form, dialog, event.submitter); }
});
on("submit", "[data-seen]", (form, event) => {
  event.preventDefault();
  ask(form.action, "POST", new FormData(form));
  form.parentNode.remove();
  document.getElementById("main").focus({ preventScroll: true });
});

// Dialogs on the page, passwords, quantities, menus.
on("click", "[data-open]", (link, event) => {
  event.preventDefault();
  document.getElementById(link.dataset.open).showModal();
});
on("click", "[data-show]", (button) => {
  const field = document.getElementById(button.dataset.show), hidden = field.type === "password";
  field.type = hidden ? "text" : "password";
  button.ariaPressed = hidden;
});
on("click", "[data-step]", (button) => {
  const field = button.parentNode.querySelector("input"), { min, max } = field.dataset;
  field.value = Math.max(min, Math.min(max, (+field.value || 0) + +button.dataset.step));
});
const shut = (event) => all(".menu[open]").forEach((menu) => {
  if (event.key ? event.key !== "Escape" : menu.contains(event.target)) return;
  menu.open = false;
  if (event.key) menu.firstChild.focus();
});
document.addEventListener("click", shut);
document.addEventListener("keydown", shut);
