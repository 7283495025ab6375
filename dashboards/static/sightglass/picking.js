// Ticking rows of a list: x ticks the row with the focus, r and d send what is ticked, or that row.
// Without this the checkboxes and buttons of the form do the same.
const form = () => document.querySelector("[data-picking]");
const boxes = () => [...document.querySelectorAll("[data-picking] [data-pick]")];
const picked = new Set();

const row = () => document.activeElement?.closest("#rows tr");

function show() {
  const all = boxes();
  const here = all.filter((box) => box.checked).length;
  for (const box of all) box.closest("tr").setAttribute("aria-selected", String(box.checked));
  const every = document.querySelector("[data-pick-all]");
  if (every) {
    every.checked = all.length > 0 && here === all.length;
    every.indeterminate = here > 0 && here < all.length;
  }
  const said = document.querySelector("[data-picked]");
  if (said) said.textContent = here ? `${here} ticked` : "";
}

function tick(box, on) {
  box.checked = on;
  if (on) picked.add(box.value);
  else picked.delete(box.value);
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-pick]")) tick(event.target, event.target.checked);
  else if (event.target.matches("[data-pick-all]")) for (const box of boxes()) tick(box, event.target.checked);
  else return;
  show();
});

// A list that is swapped under the hand, such as the live tail, keeps its ticks.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "list" && event.target.id !== "explorer") return;
  if (event.target.id === "explorer") picked.clear();
  for (const box of boxes()) box.checked = picked.has(box.value);
  show();
});

document.addEventListener("keydown", (event) => {
  if (!form() || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select, dialog")) return;
  const key = event.key.toLowerCase();
  const box = row()?.querySelector("[data-pick]");
  if (key === "x" && box) {
    tick(box, !box.checked);
    show();
    window.say(box.checked ? "Ticked" : "Not ticked");
  } else if (key === "r" || key === "d") {
    const button = document.querySelector(`[data-picking] [data-sends="${key}"]`);
    if (!button) return;
    if (!boxes().some((each) => each.checked)) {
      if (!box) return;
      tick(box, true);
    }
    button.click();
  } else return;
  event.preventDefault();
});

show();
