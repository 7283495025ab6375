"use strict";
// An item to read: the lead's decision by keyboard. Without it the form is a plain one.
(() => {
  const { form } = window.desk;
  const root = document.querySelector("[data-rubric]");
  if (!root) return;
  form.begin(root, false);
  root.addEventListener("change", () => form.arrange(root));
  root.addEventListener("input", () => form.arrange(root));
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
