// The rubric's conditions name the keys that stand above them as they are typed.
function relink(rubric) {
  const keys = [];
  for (const row of rubric.querySelectorAll("[data-row]")) {
    const when = row.querySelector("[data-when]");
    const chosen = when.value;
    const wanted = [...new Set(chosen ? [...keys, chosen] : keys)];
    const had = [...when.options].slice(1).map((option) => option.value);
    if (wanted.join("\n") !== had.join("\n")) {
      when.replaceChildren(when.options[0], ...wanted.map((key) => {
        const option = new Option(`only if ${key} is`, key, key === chosen, key === chosen);
        return option;
      }));
    }
    when.closest(".qr-when").classList.toggle("is-first", !wanted.length);
    const kind = row.querySelector("select[name$=-kind]").value;
    const key = row.querySelector("input[name$=-key]").value.trim();
    if (key && ["boolean", "scale", "choice", "choices"].includes(kind)) keys.push(key);
  }
}

document.addEventListener("change", (event) => {
  const rubric = event.target.closest("[data-rubric]");
  if (rubric) relink(rubric);
});
