"use strict";
// The first steps: a pasted key is written into the text to copy, on this page alone.
(() => {
  const box = document.querySelector("[data-fills]");
  const code = document.querySelector("[data-text]");
  const text = code.textContent;

  const fill = () => {
    const key = box.value.trim();
    code.textContent = key ? text.replaceAll(box.dataset.fills, () => key) : text;
  };
  box.addEventListener("input", fill);
  fill();

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    navigator.clipboard.writeText(code.textContent).then(() => {
      document.getElementById("said").textContent = "Copied";
      button.classList.add("is-done");
      setTimeout(() => button.classList.remove("is-done"), 1200);
    });
  });
})();
