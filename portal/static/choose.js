// A choice that depends on another one of the form: what there is now takes its place. Without it one presses Search.
document.addEventListener("change", async ({ target: { form, name } }) => {
  const finds = (from) => name && from?.querySelector(`[data-finds="${name}"]`);
  const button = finds(form);
  if (!button) return;
  const body = new FormData(form, button);
  const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Fragment": 1 } }).catch(() => ({}));
  const fresh = answer.ok && finds(new DOMParser().parseFromString(await answer.text(), "text/html"));
  if (fresh) button.closest("fieldset").replaceWith(fresh.closest("fieldset"));
});
