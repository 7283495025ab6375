"use strict";
// An item to read: the lead's decision by keyboard, and a warning before what is typed is left.
(() => {
  const { form } = window.desk;
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
  form.begin(root, false);
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
