// Questions that hang on another answer of the same form: data-if has the condition in its small form. The server decides.
const forms = () => document.querySelectorAll("form:has([data-if])");

// true, false, or null while the answer it looks at is not given.
function holds(rule, given) {
  const parts = (rule.all || rule.any || []).map((part) => holds(part, given));
  if (rule.all) return parts.includes(false) ? false : parts.includes(null) ? null : true;
  if (rule.any) return parts.includes(true) || (parts.includes(null) ? null : false);
  if (rule.not) { const inner = holds(rule.not, given); return inner === null ? null : !inner; }
  const value = given.get(rule.field);
  if ("empty" in rule) return !value === rule.empty;
  if (!value) return null;
  if (rule.in) return rule.in.map(String).includes(value);
  if ("gt" in rule) return +value > rule.gt;
  if ("lt" in rule) return +value < rule.lt;
  return "ne" in rule ? value !== String(rule.ne) : value === String(rule.eq);
}

function fit(form) {
  for (const part of form.querySelectorAll("[data-if]")) {
    part.hidden = holds(JSON.parse(part.dataset.if), new FormData(form)) !== true;
  }
}
forms().forEach(fit);
document.addEventListener("input", ({ target }) => { if (target.form?.matches(":has([data-if])")) fit(target.form); });
