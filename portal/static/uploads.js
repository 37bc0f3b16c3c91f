// Sends files as soon as they are chosen. Attributes: see _files in fields.html.
const make = (tag, parts, ...inside) => {
  const node = Object.assign(document.createElement(tag), parts);
  node.append(...inside);
  return node;
};
const waiting = new Map();
const inWords = (size) => size < 1024 ? size + " bytes" : size < 1048576 ? (size >> 10) + " KB" : (size / 1048576).toFixed(1).replace(".0", "") + " MB";

function settle(form) {
  form.dispatchEvent(new Event("input", { bubbles: true }));
  if (form.held && !busy(form)) {
    const button = form.held;
    form.held = null;
    if (!form.querySelector(".files .problem")) form.requestSubmit(button);
  }
}
const busy = (form) => form.querySelector("[data-state=sending], [data-state=checking]");
const say = (field, text) => { field.lastElementChild.textContent = text; };

function set(field, row, state, told = {}) {
  const words = JSON.parse(field.dataset.said), name = row.querySelector(".name").textContent;
  row.dataset.state = state;
  row.querySelectorAll("progress, .tag, .problem, .again").forEach((node) => node.remove());
  const button = row.querySelector(".btn");
  button.firstChild.data = state === "sending" ? words.cancel : words.remove;
  if (state === "sending") button.before(make("progress", { max: 1, value: 0, ariaLabel: name }));
  else if (state === "checking" || state === "ready") button.before(make("span", { className: state === "ready" ? "tag ok" : "tag", textContent: words[state] }));
  else row.append(make("p", { className: "problem", textContent: told.refusal || words[told.word] || words.failed }));
  if (state === "failed") button.before(make("button", { type: "button", className: "btn s again", textContent: words.again, onclick: () => send(field, row) }));
  say(field, `${name}: ${told.refusal || words[told.word] || words[state] || ""}`);
  settle(row.closest("form"));
}

function told(field, row, file) {
  if (file.id) row.querySelector("input").value = row.id = file.id;
  if (file.name) row.querySelector(".name").textContent = file.name;
  set(field, row, file.state, file);
  if (file.state === "checking") watch(field, row, 1000);
}

function watch(field, row, pause) {
  const look = async () => {
    clearTimeout(timer);
    waiting.delete(row.id);
    if (!row.isConnected) return;
    const answer = await fetch("/uploads/" + row.id, { headers: { Accept: "application/json" } }).catch(() => ({}));
    const file = answer.ok && !answer.redirected ? await answer.json() : { state: "checking" };
    if (file.state === "checking") watch(field, row, Math.min(pause * 1.5, 8000));
    else set(field, row, file.state, file);
  };
  const timer = setTimeout(look, pause);
  waiting.set(row.id, look);
}

function send(field, row) {
  const form = row.closest("form"), body = new FormData(), request = new XMLHttpRequest();
  set(field, row, "sending");
  body.append("csrf_token", form.elements.csrf_token.value);
  field.dataset.kinds.split(" ").forEach((kind) => body.append("kinds", kind));
  body.append("file", row.file);
  request.upload.onprogress = (event) => { row.querySelector("progress").value = event.loaded / event.total; };
  request.onerror = () => set(field, row, "failed");
  request.onload = () => {
    let answer = {};
    try { answer = JSON.parse(request.response); } catch { /* a page about what went wrong: its status says enough */ }
    if (answer.data) told(field, row, answer.data[0]);
    else if (request.status === 413) set(field, row, "refused", { word: "large" });
    else if (request.status === 401) set(field, row, "failed", { word: "expired" });
    else set(field, row, "failed", { refusal: answer.detail });
  };
  request.open("POST", "/uploads");
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-Fragment", "1");
  row.request = request;
  request.send(body);
}

function add(field, file) {
  const { upload: name, most, mb } = field.dataset, list = field.querySelector("ul");
  const row = make("li", { tabIndex: -1, file },
    make("input", { type: "hidden", name: name + "-kept" }), make("span", { className: "name", textContent: file.name }),
    make("span", { className: "muted", textContent: inWords(file.size) }),
    make("button", { type: "button", className: "btn s" }, "", make("span", { className: "sr", textContent: " " + file.name })));
  if (most === "1") list.replaceChildren();
  list.append(row);
  if (list.childElementCount > +most) set(field, row, "refused", { word: "many" });
  else if (file.size > mb * 1048576) set(field, row, "refused", { word: "large" });
  else send(field, row);
}

function remove(field, row) {
  const form = row.closest("form"), uid = row.querySelector("input").value;
  row.request?.abort();
  if (row.file && uid) {
    const body = new FormData();
    body.append("csrf_token", form.elements.csrf_token.value);
    fetch(`/uploads/${uid}/discard`, { method: "POST", body }).catch(() => 0);
  }
  row.remove();
  say(field, "");
  field.querySelector("[type=file]").focus();
  settle(form);
}

function begin(field) {
  const input = field.querySelector("[type=file]"), words = JSON.parse(field.dataset.said);
  const take = (files) => [...files].forEach((file) => add(field, file));
  const zone = make("div", { className: "drop" });
  input.before(zone);
  zone.append(input, make("span", { className: "hint", textContent: words.drop }));
  if (field.dataset.kinds.includes("image")) {
    const camera = make("input", { type: "file", accept: "image/*" });
    camera.setAttribute("capture", "environment");
    zone.append(make("label", { className: "btn photo" }, words.photo, camera));
  }
  field.addEventListener("change", ({ target }) => { take(target.files); target.value = ""; });
  for (const type of ["dragover", "dragleave", "drop"]) zone.addEventListener(type, (event) => {
    event.preventDefault();
    zone.classList.toggle("over", type === "dragover");
    if (type === "drop") take(event.dataTransfer.files);
  });
  field.addEventListener("click", (event) => {
    const button = event.target.closest("li > .btn:not(.again)");
    if (!button) return;
    event.preventDefault();
    remove(field, button.parentNode);
  });
  for (const row of field.querySelectorAll("[data-state=checking]")) {
    row.id = row.querySelector("input").value;
    watch(field, row, 1000);
  }
}

// A form that desk.js has drawn anew has new fields.
const beginAll = () => document.querySelectorAll("[data-upload]:not(:has(.drop))").forEach(begin);
beginAll();
document.addEventListener("redrawn", beginAll);

document.body.addEventListener("upload-updated", ({ detail }) => waiting.get(detail.id)?.());
document.addEventListener("submit", (event) => {
  const form = event.target, field = busy(form)?.closest("[data-upload]");
  if (!field) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  form.held = event.submitter;
  const line = form.querySelector("[role=status]") || form.appendChild(make("p", { role: "status", className: "small muted" }));
  line.textContent = JSON.parse(field.dataset.said).wait;
}, true);
