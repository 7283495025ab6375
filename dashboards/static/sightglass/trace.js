"use strict";
// The page of a trace: the chosen line, folding, copying, filtering. All of it works as links without it.
(() => {
  const tree = () => document.querySelector("[data-waterfall] ol");
  const lineOf = (item) => item.querySelector(".wf-a");
  const toggleOf = (item) => item.querySelector(".wf-t");
  const level = (item) => Number(item.dataset.level);
  const chosen = () => document.querySelector("[data-waterfall] .wf-a[aria-current]")?.closest("li");
  const isOpen = (item) => toggleOf(item)?.getAttribute("aria-expanded") === "true";

  function choose(line) {
    chosen()?.querySelector(".wf-a").removeAttribute("aria-current");
    line.setAttribute("aria-current", "true");
    line.scrollIntoView({ block: "nearest" });
  }

  // Hide what lies below folded spans.
  function arrange() {
    let foldedAt = Infinity;
    for (const item of tree().children) {
      item.hidden = level(item) > foldedAt;
      if (item.hidden) continue;
      foldedAt = toggleOf(item) && !isOpen(item) ? level(item) : Infinity;
    }
  }

  async function setOpen(item, open) {
    const toggle = toggleOf(item);
    if (!toggle || "busy" in toggle.dataset) return;
    if (open && !("loaded" in toggle.dataset)) {
      toggle.dataset.busy = "";
      await window.htmx.ajax("GET", toggle.dataset.children, { source: toggle, target: item, swap: "afterend" });
      delete toggle.dataset.busy;
      const next = item.nextElementSibling;
      if (!next || level(next) <= level(item)) return;
      toggle.dataset.loaded = "";
    }
    toggle.setAttribute("aria-expanded", String(open));
    arrange();
  }

  function copied(button, text) {
    navigator.clipboard.writeText(text).then(() => {
      document.getElementById("said").textContent = "Copied";
      button.classList.add("is-done");
      setTimeout(() => button.classList.remove("is-done"), 1200);
    });
  }

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const toggle = event.target.closest("[data-waterfall] .wf-t");
    if (toggle) {
      event.preventDefault();
      const item = toggle.closest("li");
      setOpen(item, !isOpen(item));
    }
    const line = event.target.closest("[data-waterfall] .wf-a[data-span]");
    if (line) choose(line);
    const copy = event.target.closest("[data-copy]");
    if (copy) copied(copy, copy.closest(copy.dataset.copy).querySelector("[data-text]").textContent);
    const link = event.target.closest("[data-copy-link]");
    if (link) copied(link, window.location.href);
  });

  document.addEventListener("input", (event) => {
    const box = event.target.closest("[data-filters]");
    if (!box) return;
    const wanted = box.value.toLowerCase();
    for (const row of document.querySelectorAll(`${box.dataset.filters} [data-row]`)) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
    }
  });

  function goTo(item) {
    const line = item && lineOf(item);
    if (!line) return;
    line.focus({ preventScroll: true });
    line.scrollIntoView({ block: "nearest" });
    if (line.dataset.span) line.click();
  }

  function parentOf(item) {
    let above = item.previousElementSibling;
    while (above && level(above) >= level(item)) above = above.previousElementSibling;
    return above;
  }

  const moves = {
    ArrowDown: (shown, at) => goTo(shown[at + 1]),
    ArrowUp: (shown, at) => goTo(shown[at - 1]),
    Home: (shown) => goTo(shown[0]),
    End: (shown) => goTo(shown[shown.length - 1]),
    ArrowLeft: (shown, at) => (isOpen(shown[at]) ? setOpen(shown[at], false) : goTo(parentOf(shown[at]))),
    ArrowRight: (shown, at) => {
      const item = shown[at];
      if (toggleOf(item) && !isOpen(item)) setOpen(item, true);
      else if (shown[at + 1] && level(shown[at + 1]) > level(item)) goTo(shown[at + 1]);
    },
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === " " && event.target.closest(".wf-t")) {
      event.preventDefault();
      event.target.closest(".wf-t").click();
    }
    const move = moves[event.key];
    if (!move || !tree() || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.target.closest("input, textarea, select, pre, [contenteditable], dialog")) return;
    const inTree = event.target.closest("[data-waterfall] li");
    if (!inTree && (event.key === "Home" || event.key === "End")) return;
    const shown = [...tree().children].filter((item) => !item.hidden);
    const at = shown.indexOf(inTree || chosen());
    if (at < 0) return;
    event.preventDefault();
    move(shown, at);
  });

  document.addEventListener("DOMContentLoaded", () => {
    chosen()?.querySelector(".wf-a").scrollIntoView({ block: "nearest" });
  });
})();
