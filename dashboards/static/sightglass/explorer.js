// The explorer: completion of the query, keys on the list, what is new in the live tail.

// ---- completion: a combobox over the server's answers
const DELAY = 120;
let timer = 0; // until it is asked, while somebody types
let underWay = 0; // questions that have no answer yet
let asked = 0;
let found = [];
let foundFor = ""; // the text and the place of the cursor that `found` completes
let chosen = -1;

const here = (field) => `${field.selectionStart} ${field.value}`;
const input = () => document.getElementById("q");
const list = () => document.getElementById("completions");

function close() {
  found = [];
  chosen = -1;
  const box = list();
  if (!box) return;
  box.hidden = true;
  box.replaceChildren();
  input().setAttribute("aria-expanded", "false");
  input().removeAttribute("aria-activedescendant");
}

function choose(index) {
  chosen = index;
  if (index < 0) input().removeAttribute("aria-activedescendant");
  for (const [i, option] of [...list().children].entries()) {
    option.setAttribute("aria-selected", String(i === index));
    if (i === index) {
      option.scrollIntoView({ block: "nearest" });
      input().setAttribute("aria-activedescendant", option.id);
    }
  }
}

function show() {
  const box = list();
  box.replaceChildren(
    ...found.map((each, i) => {
      const option = document.createElement("li");
      option.id = `completion-${i}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      const text = document.createElement("b");
      text.textContent = each.text;
      const detail = document.createElement("span");
      detail.textContent = each.detail;
      option.append(text, detail);
      return option;
    }),
  );
  box.hidden = found.length === 0;
  input().setAttribute("aria-expanded", String(found.length > 0));
  if (found.length) window.say(`${found.length} completions`);
}

async function complete() {
  const field = input();
  const mine = ++asked;
  const wanted = here(field);
  const url = new URL(field.dataset.completes, location.href);
  for (const name of ["range", "from", "to"]) {
    const value = new URLSearchParams(location.search).get(name);
    if (value) url.searchParams.set(name, value);
  }
  url.searchParams.set("q", field.value);
  // The server counts characters, not UTF-16 units.
  url.searchParams.set("at", String([...field.value.slice(0, field.selectionStart)].length));
  let results;
  underWay += 1;
  try {
    const answer = await fetch(url, { headers: { accept: "application/json" } });
    if (!answer.ok) return;
    ({ results } = await answer.json());
  } catch {
    return close();
  } finally {
    underWay -= 1;
  }
  if (mine !== asked || document.activeElement !== field) return;
  found = results;
  foundFor = wanted;
  chosen = -1;
  show();
}

function accept(index) {
  const field = input();
  const { text, start, end } = found[index];
  const characters = [...field.value];
  const before = characters.slice(0, start).join("") + text;
  const space = /[:.]$/.test(text) ? "" : " ";
  field.value = before + space + characters.slice(end).join("").trimStart();
  field.setSelectionRange(before.length + space.length, before.length + space.length);
  close();
  if (!space) complete();
}

// Who types fast takes what completes the text as it is, not what was offered for the text before.
async function take(index) {
  if (found.length && foundFor === here(input())) return accept(index);
  clearTimeout(timer);
  timer = 0;
  await complete();
  if (found.length && foundFor === here(input())) accept(0);
}

function leave() {
  clearTimeout(timer);
  timer = 0;
  asked += 1;
  close();
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    timer = 0;
    complete();
  }, DELAY);
}

document.addEventListener("input", (event) => {
  if (event.target !== input()) return;
  if (found.length) choose(-1);
  later();
});
document.addEventListener("focusin", (event) => {
  if (event.target === input() && !event.target.value) later();
});
document.addEventListener("focusout", (event) => {
  if (event.target === input()) leave();
});
document.addEventListener("mousedown", (event) => {
  const option = event.target.closest("#completions li");
  if (!option) return;
  event.preventDefault();
  take([...list().children].indexOf(option));
});
document.addEventListener("keydown", (event) => {
  if (event.target !== input() || event.isComposing) return;
  if (event.key === "Escape") {
    if (found.length) close();
    else event.target.blur();
  } else if (found.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    choose((chosen + step + found.length + (chosen < 0 && step < 0 ? 1 : 0)) % found.length);
  } else if (found.length && (event.key === "Tab" || (event.key === "Enter" && chosen >= 0))) {
    event.preventDefault();
    take(Math.max(chosen, 0));
  } else if (event.key === "Tab" && !event.shiftKey && event.target.value && (timer || underWay)) {
    event.preventDefault(); // an offer is on its way, and what is typed next belongs here
    take(0);
  } else if (event.key === "Enter") leave();
});

// ---- live tail
let known = null;

const keys = () => [...document.querySelectorAll("#rows tr")].map((row) => row.dataset.row);

// Of many saved views, the one that is looked at is in sight.
function showView() {
  const current = document.querySelector(".views [aria-current]");
  if (current) current.parentElement.scrollTop = current.offsetTop - current.offsetHeight;
}
showView();

document.addEventListener("htmx:beforeRequest", (event) => {
  const element = event.detail.elt;
  if (element.matches("[data-live]") && document.hidden) event.preventDefault();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id === "list") known = new Set(keys());
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id === "explorer") {
    close();
    showView();
  }
  if (!known) return;
  const fresh = [...document.querySelectorAll("#rows tr")].filter((row) => !known.has(row.dataset.row));
  known = null;
  for (const row of fresh) row.classList.add("is-new");
  if (fresh.length) window.say(`${fresh.length} new`);
});

// ---- short URLs: empty parameters are not sent
document.addEventListener("htmx:configRequest", (event) => {
  const parameters = event.detail.parameters;
  if (event.detail.verb !== "get") return;
  for (const name of [...Object.keys(parameters)]) {
    if (typeof parameters[name] !== "string") continue;
    parameters[name] = parameters[name].trim();
    if (parameters[name] === "") delete parameters[name];
  }
});
