"use strict";
// An item to read: the lead's decision by keyboard, which the tab keeps, and a warning before what is
// typed is left.
(() => {
  const { form, keeping, toAnswer } = window.desk;
  let sent = false;
  let typed = false;
  document.addEventListener("input", () => (typed = true));
  document.addEventListener("submit", () => (sent = true));
  addEventListener("beforeunload", (event) => {
    const left = [...document.querySelectorAll("main textarea")].some((one) => one.value !== one.defaultValue);
    if (typed && left && !sent) event.preventDefault();
  });

  const root = document.querySelector("[data-rubric]");
  if (!root) return;
  const deciding = root.closest("[data-draft]");
  form.arrange(root);
  keeping.restore(deciding);
  form.begin(root, false);
  for (const kind of ["change", "input"]) root.addEventListener(kind, () => keeping.keep(deciding));
  root.addEventListener("submit", () => keeping.keep(deciding, deciding.dataset.version));
  // What was refused, or is to be read first, stands above.
  if (!location.hash && !document.querySelector("main [role=alert]:not([hidden])")) toAnswer(document, true);
  const submit = () => {
    if (form.check(root)) root.requestSubmit(root.querySelector("[data-submit]"));
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const elsewhere = form.typing(event.target) && !root.contains(event.target);
    if (elsewhere) {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.form?.requestSubmit();
      return;
    }
    if (event.target.closest("a, button, summary, [role=region]") && !root.contains(event.target)) return;
    if (form.key(root, event, submit)) event.preventDefault();
  });
})();
