// The rubric's conditions name the keys that stand above them as they are typed.
function relink(rubric) {
  const keys = [];
  for (const row of rubric.querySelectorAll("[data-row]")) {
    const when = row.querySelector("[data-when]");
    const chosen = when.value;
    const wanted = [...new Set(chosen ? [...keys, chosen] : keys)];
    const had = [...when.options].slice(1).map((option) => option.value);
    if (wanted.join("\n") !== had.join("\n")) {
      const options = wanted.map((key) => new Option(`only if ${key} is`, key, key === chosen, key === chosen));
      when.replaceChildren(when.options[0], ...options);
    }
    when.closest(".qr-when").classList.toggle("is-first", !wanted.length);
    const kind = row.querySelector("select[name$=-kind]").value;
    const key = row.querySelector("input[name$=-key]").value.trim();
    if (key && ["boolean", "scale", "choice", "choices"].includes(kind)) keys.push(key);
  }
}

// A condition goes along when the question that it names gets another key.
function rename(rubric, field) {
  const was = field.dataset.was ?? field.defaultValue;
  const now = field.value.trim();
  field.dataset.was = now;
  if (!was || !now || was === now) return;
  for (const when of rubric.querySelectorAll("[data-when]")) {
    if (when.value !== was) continue;
    when.add(new Option(`only if ${now} is`, now, true, true));
  }
}

document.addEventListener("change", (event) => {
  const rubric = event.target.closest("[data-rubric]");
  if (!rubric) return;
  if (event.target.matches("input[name$=-key]")) rename(rubric, event.target);
  relink(rubric);
});
