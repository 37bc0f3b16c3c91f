// The conversation about a request (talk.html): new messages come by themselves, nothing that is typed is lost.
const { body } = document;
const panel = document.querySelector("[data-talk]");
const make = (tag, parts, ...inside) => {
  const node = Object.assign(document.createElement(tag), parts);
  node.append(...inside);
  return node;
};
const parse = (html) => new DOMParser().parseFromString(html, "text/html");
const ask = (url, options = {}) => fetch(url, { ...options, headers: { "X-Fragment": 1 } }).catch(() => ({}));

if (panel) talk(panel);

function talk({ dataset: here }) {
  const find = (selector) => panel.querySelector(selector);
  const log = find(".log"), list = find(".log ol"), words = JSON.parse(here.said), notes = here.thread === "notes";
  const lines = () => [...list.querySelectorAll("[data-seq]")];
  const last = () => +(lines().at(-1)?.dataset.seq || 0);
  const token = () => document.querySelector("[name=csrf_token]").value;
  const space = body.matches(".staff") ? "staff" : "portal";
  const say = (name, more) => body.socket?.readyState === 1 && body.socket.send(`42/${space},${JSON.stringify([name, { id: here.id, ...more }])}`);
  let unread = +here.unreadMany, read = +here.readUpTo;

  // --- what is there ---
  const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  const toEnd = () => { log.scrollTop = log.scrollHeight; };
  function badge() {
    const mark = find("[data-unread]");
    if (mark) { mark.hidden = !unread; mark.firstChild.data = unread; }
    const link = document.querySelector(".to-talk a");
    if (link) link.textContent = link.textContent.replace(/ \(.*|$/, unread ? ` (${unread})` : "");
  }
  function receipt(seq, text) {
    list.querySelectorAll("[data-receipt]").forEach((node) => node.remove());
    const mine = lines().filter((line) => line.dataset.client !== undefined && +line.dataset.seq <= seq).at(-1);
    if (mine && text) mine.querySelector("p").append(make("span", { textContent: " · " + text }));
    if (mine && text) mine.querySelector("p").lastChild.dataset.receipt = "";
  }
  function take(fresh) {
    const stay = !atEnd();
    for (const line of [...fresh.querySelectorAll(".log li")]) {
      const { seq, day, client } = line.dataset;
      if (day && [...list.querySelectorAll("[data-day]")].at(-1)?.dataset.day === day) continue;
      if (seq && +seq <= last()) continue;
      const unsent = client && list.querySelector(`.unsent[data-for="${CSS.escape(client)}"]`);
      if (unsent) { unsent.remove(); keep(); }
      const waiting = list.querySelector(".unsent");
      waiting ? waiting.before(line) : list.append(line);
    }
    find(".nobody").hidden = last() > 0;
    if (!stay) toEnd();
  }

  // --- catching up: after every hint, on coming back and every 25 s; one at a time ---
  let looking = Promise.resolve(), wanted;
  const look = () => {
    if (!wanted) looking = looking.then(async () => { wanted = 0; await catchUp(); });
    wanted = 1;
    return looking;
  };
  async function catchUp() {
    const answer = await ask(`${here.talk}?after=${last()}${notes ? "&thread=notes" : ""}`);
    if (!answer.ok || answer.redirected) return;
    const fresh = parse(await answer.text()).getElementById("talk"), told = fresh.dataset;
    take(fresh);
    receipt(+told.read, told.receiptWords);
    [unread, read] = [+told.unreadMany, Math.max(read, +told.readUpTo)];
    badge();
    if (told.closed && !here.closed) close(told.closed);
    again();
    if (told.newer) return catchUp();
    seen();
  }
  ["message-created", "message-read", "instance-closed", "instance-updated"].forEach((name) =>
    body.addEventListener(name, ({ detail }) => { if (detail.id === here.id) look(); }));
  body.addEventListener("resync", look);
  setInterval(() => document.hidden || body.socket?.readyState === 1 || look(), 4000); // no hints come meanwhile

  // --- reading: what is before somebody's eyes ---
  let inView = false;
  new IntersectionObserver(([entry]) => { inView = entry.isIntersecting; seen(); }).observe(log);
  async function seen() {
    const seq = last();
    if (notes || !inView || document.hidden || !document.hasFocus() || !atEnd() || seq <= read) return;
    read = seq;
    const form = new FormData();
    form.append("csrf_token", token());
    form.append("seq", seq);
    const answer = await ask(here.talk + "/read", { method: "POST", body: form });
    if (answer.status !== 204) { read = 0; return; }
    unread = 0;
    badge();
    body.poke("summary-updated", {}); // the hint of our own reading may come before this page hears any
  }
  log.addEventListener("scroll", seen);
  addEventListener("focus", seen);
  document.addEventListener("visibilitychange", seen);

  // --- earlier ones ---
  panel.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-older]");
    if (!link) return;
    event.preventDefault();
    const answer = await ask(link.href);
    if (!answer.ok) return location.assign(link.href);
    const fresh = parse(await answer.text()).getElementById("talk"), height = log.scrollHeight;
    const first = list.querySelector("[data-day]"), days = [...fresh.querySelectorAll("[data-day]")];
    if (first && days.at(-1)?.dataset.day === first.dataset.day) first.remove();
    list.prepend(...fresh.querySelectorAll(".log li"));
    log.scrollTop += log.scrollHeight - height;
    const more = fresh.querySelector("[data-older]");
    more ? link.replaceWith(more) : link.parentNode.remove();
    log.focus();
  });

  // --- writing ---
  const form = find(".composer"), text = form?.elements.text, kept = `talk ${body.dataset.user} ${here.id} ${here.thread}`;
  // Kept for this person until it has arrived, also when they sign out or close the page meanwhile.
  function keep() {
    const unsaid = [...[...list.querySelectorAll(".unsent")].map((line) => line.said), text?.value].filter(Boolean).join("\n\n");
    try { unsaid ? localStorage.setItem(kept, unsaid) : localStorage.removeItem(kept); } catch { /* no room: it stays in the form */ }
  }
  function close(why) {
    here.closed = why;
    if (form) {
      const unsent = text.value;
      form.replaceChildren(make("p", { className: "closed", textContent: why + "." }));
      if (unsent) form.append(make("textarea", { value: unsent, readOnly: true, ariaLabel: words.failed }));
    }
    list.querySelectorAll(".unsent .btn").forEach((button) => button.remove());
    find("[data-typing]")?.remove();
  }
  async function deliver(line) {
    const status = line.querySelector("[data-state]"), stay = line.querySelector(".btn");
    stay?.remove();
    line.lost = false;
    status.textContent = words.sending;
    line.data.set("csrf_token", token());
    const answer = await ask(here.talk, { method: "POST", body: line.data });
    if (answer.status === 204) { await look(); line.remove(); return keep(); }
    const down = atEnd();
    if (answer.status === 401 || answer.redirected && answer.url.includes("/sign-in")) {
      const { expired, signin } = JSON.parse(body.dataset.words);
      status.replaceChildren(expired, " ", make("a", { href: "/sign-in?next=" + encodeURIComponent(location.pathname), textContent: signin }));
      return down && toEnd();
    }
    let why = answer.status ? words.failed : words.away;
    if (answer.status === 409 || answer.status === 422) {
      const page = parse(await answer.text()), told = page.getElementById("talk"), problems = page.querySelectorAll(".errors li");
      if (problems.length) why = [...problems].map((one) => one.textContent).join(". ");
      const ids = [...page.querySelectorAll("[name='upload_ids-kept']")];
      if (ids.length) { line.data.delete("upload_ids"); line.data.delete("upload_ids-kept"); ids.forEach(({ value }) => line.data.append("upload_ids-kept", value)); }
      if (told?.dataset.closed && !here.closed) { status.textContent = words.failed; return close(told.dataset.closed); }
    }
    status.textContent = why;
    line.lost = !(answer.status < 500);
    line.append(make("button", { type: "button", className: "btn s", textContent: words.again, onclick: () => deliver(line) }));
    if (down) toEnd();
  }
  async function again() {
    for (const line of list.querySelectorAll(".unsent")) if (line.lost) await deliver(line);
  }
  if (form) {
    try { text.value ||= localStorage.getItem(kept) || ""; } catch { /* not allowed here */ }
    let told = 0;
    text.addEventListener("input", () => {
      keep();
      if (notes || Date.now() - told < 3000) return;
      told = Date.now();
      say("typing", { on: true });
    });
    text.addEventListener("keydown", (event) => {
      const composing = event.isComposing || event.keyCode === 229;
      if (event.key !== "Enter" || event.shiftKey || composing || matchMedia("(pointer: coarse)").matches) return;
      event.preventDefault();
      form.requestSubmit();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopPropagation(); // baton.js would hold it back when something is sent at once again
      if (event.submitter?.name?.startsWith("remove-")) return event.submitter.closest("p").remove();
      const files = form.elements.upload_ids, many = files.files.length || form.querySelector("[name='upload_ids-kept']");
      if (!text.value.trim() && !many) return text.focus();
      const data = new FormData(form), id = form.elements.client_id.value;
      if (!files.files.length) data.delete("upload_ids");
      data.set("seen", read);
      const line = make("li", { className: "mine unsent", data },
        make("p", { className: "small muted" }, make("strong", { textContent: words.you }), " · ", make("span")),
        make("p", { className: "words", dir: "auto", textContent: [text.value.trim(), ...[...files.files].map((file) => file.name)].filter(Boolean).join("\n") }));
      line.dataset.for = id;
      line.said = text.value.trim();
      line.querySelector("span").dataset.state = "";
      line.querySelector("span").role = "status";
      list.append(line);
      find(".nobody").hidden = true;
      toEnd();
      form.elements.client_id.value = crypto.getRandomValues(new Uint32Array(4)).join("-");
      text.value = text.defaultValue = "";
      files.value = "";
      form.querySelector(".files").replaceChildren();
      form.querySelectorAll(".problem").forEach((node) => node.remove());
      keep();
      say("typing", { on: false });
      text.focus();
      deliver(line);
    });
    addEventListener("online", again);
  }

  // --- who else is there ---
  let fades;
  const tell = (selector, said) => { const node = find(selector); if (node && node.textContent !== said) node.textContent = said; };
  body.addEventListener("typing", ({ detail }) => {
    if (detail.id !== here.id || notes) return;
    clearTimeout(fades);
    tell("[data-typing]", detail.on ? words.typing.replace("{}", detail.name) : "");
    fades = setTimeout(tell, 6000, "[data-typing]", "");
  });
  body.addEventListener("presence", ({ detail }) => {
    if (detail.id === here.id) tell("[data-presence]", detail.viewers.length ? words.viewing.replace("{}", detail.viewers.join(", ")) : "");
  });
  const watch = () => say("instance.watch");
  ["live", "resync"].forEach((name) => body.addEventListener(name, watch));
  watch();

  // A saved reply goes into what is being written, where the cursor is.
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-reply]");
    if (!link || !text) return;
    event.preventDefault();
    const answer = await ask(link.href);
    if (!answer.ok) return location.assign(link.href);
    const given = parse(await answer.text()).getElementById("text").value;
    link.closest("dialog")?.close();
    text.setRangeText(given, text.selectionStart, text.selectionEnd, "end");
    text.focus();
    keep();
  });
  toEnd();
  badge();
}
