"use strict";
// The page of a trace: the chosen line, folding, copying, filtering attributes. Everything works as links without it.
(() => {
  const lines = () => [...document.querySelectorAll("[data-waterfall] .wf-a")].filter((one) => one.offsetParent);
  const chosen = () => document.querySelector("[data-waterfall] .wf-a[aria-current]");
  const depth = (line) => Number(line.dataset.depth || 0);

  function choose(line) {
    chosen()?.removeAttribute("aria-current");
    line.setAttribute("aria-current", "true");
    line.scrollIntoView({ block: "nearest" });
  }

  function fold(line, hide) {
    let item = line.closest("li").nextElementSibling;
    while (item) {
      const inner = item.querySelector(".wf-a");
      if (!inner || depth(inner) <= depth(line)) break;
      item.hidden = hide;
      item = item.nextElementSibling;
    }
    line.classList.toggle("is-folded", hide);
  }

  function openOrFold(line, hide) {
    const more = line.closest("li").querySelector(".wf-open");
    if (!hide && more) more.click();
    else fold(line, hide);
  }

  document.addEventListener("click", (event) => {
    const line = event.target.closest("[data-waterfall] .wf-a[data-span]");
    if (line) choose(line);
    const copy = event.target.closest("[data-copy]");
    if (copy) copied(copy, copy.closest(".msg").querySelector("[data-text]").textContent);
    const link = event.target.closest("[data-copy-link]");
    if (link) copied(link, window.location.href);
  });

  function copied(button, text) {
    navigator.clipboard.writeText(text).then(() => {
      document.getElementById("said").textContent = "Copied";
      button.classList.add("is-done");
      setTimeout(() => button.classList.remove("is-done"), 1200);
    });
  }

  document.addEventListener("htmx:afterRequest", (event) => {
    const source = event.detail.elt;
    if (source && source.matches && source.matches("[data-once]") && event.detail.successful) source.remove();
  });

  document.addEventListener("input", (event) => {
    const box = event.target.closest("[data-filters]");
    if (!box) return;
    const wanted = box.value.toLowerCase();
    for (const row of document.querySelectorAll(`${box.dataset.filters} [data-row]`)) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
    const current = chosen();
    const all = lines();
    const at = all.indexOf(current);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = all[at + (event.key === "ArrowDown" ? 1 : -1)];
      if (!next) return;
      event.preventDefault();
      next.focus({ preventScroll: true });
      next.click();
    } else if (current && event.key === "ArrowLeft") {
      event.preventDefault();
      openOrFold(current, true);
    } else if (current && event.key === "ArrowRight") {
      event.preventDefault();
      openOrFold(current, false);
    }
  });
})();
