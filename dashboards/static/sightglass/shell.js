// What every page does: theme, toasts, dialogs, popovers and keys. All of it works without, only slower.
document.documentElement.classList.add("js");

const YEAR = 365 * 24 * 3600;

function chooseTheme(value) {
  const root = document.documentElement;
  if (value) root.dataset.theme = value;
  else delete root.dataset.theme;
  const age = value ? YEAR : 0;
  document.cookie = `theme=${value}; path=/; max-age=${age}; samesite=lax`;
  for (const button of document.querySelectorAll(".theme button")) {
    button.setAttribute("aria-pressed", String(button.value === value));
  }
}

// Keys of one character can be turned off (WCAG 2.1.4): then no other listener hears of them.
let singleKeys = !/(^|; )keys=off(;|$)/.test(document.cookie);

function chooseKeys(on) {
  singleKeys = on;
  document.cookie = `keys=off; path=/; max-age=${on ? 0 : YEAR}; samesite=lax`;
}

window.addEventListener(
  "keydown",
  (event) => {
    const single = event.key.length === 1 && event.key !== " ";
    if (singleKeys || !single || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof Element && typing(event.target)) return;
    event.stopImmediatePropagation();
  },
  true,
);

for (const box of document.querySelectorAll("[data-single-keys]")) {
  box.checked = singleKeys;
  box.addEventListener("change", () => chooseKeys(box.checked));
}

function fade(toasts) {
  for (const toast of toasts) setTimeout(() => toast.remove(), 6000);
}

function typing(target) {
  return target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
}

// Says something to people who listen to the page.
window.say = (text) => {
  const said = document.getElementById("said");
  if (said) said.textContent = text;
};

document.addEventListener("click", (event) => {
  const theme = event.target.closest(".theme button");
  if (theme) {
    event.preventDefault();
    chooseTheme(theme.value);
    theme.closest("details").open = false;
    return;
  }
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  const closer = event.target.closest("[data-closes]");
  if (closer) {
    const closed = closer.closest(closer.dataset.closes);
    if (closed instanceof HTMLDialogElement) closed.close();
    else closed?.remove();
  }
  const copier = event.target.closest("[data-copies]");
  if (copier) copy(copier);
  for (const open of document.querySelectorAll("details.pop[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

// What was opened to write something into it has the cursor there.
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.open) event.target.querySelector("[data-first]")?.focus();
  },
  true,
);

async function copy(button) {
  const source = document.getElementById(button.dataset.copies);
  if (!source) return;
  await navigator.clipboard.writeText(source.value ?? source.textContent);
  window.say("Copied");
  button.classList.add("is-done");
  setTimeout(() => button.classList.remove("is-done"), 1500);
}

// A search that is there is added to: the cursor stands behind it, and a filter behind a space.
function write(field) {
  field.focus();
  if (field.matches("select")) return;
  if (field.matches("[data-completes]") && /\S$/.test(field.value)) field.value += " ";
  field.setSelectionRange(field.value.length, field.value.length);
}

// One listener for all keys: an element says its key in data-key, and is clicked or focused.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const open = document.querySelector("details.pop[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const wanted = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!wanted) return;
  event.preventDefault();
  if (wanted.matches("input, textarea, select")) write(wanted);
  else wanted.click();
});

// ---- keys on a list: j and k move the focus, so that Enter opens; a row's own keys are its data-row-key
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || event.target.closest("dialog")) return;
  const row = document.activeElement.closest("#rows tr");
  if (event.key === "j" || event.key === "k") {
    const links = [...document.querySelectorAll("#rows .main-a")];
    const at = links.findIndex((link) => link.closest("tr") === row);
    const next = links[Math.min(Math.max(event.key === "j" ? at + 1 : at - 1, 0), links.length - 1)];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    return;
  }
  const wanted = row?.querySelector(`[data-row-key="${CSS.escape(event.key)}"]`);
  if (!wanted) return;
  event.preventDefault();
  wanted.click();
});

// ---- requests of htmx: who is signed out signs in, who is cut off is told once
document.addEventListener("htmx:beforeSwap", (event) => {
  const answered = new URL(event.detail.xhr.responseURL || location.href);
  if (!answered.pathname.startsWith("/accounts/login")) return;
  event.detail.shouldSwap = false;
  location.reload();
});

function lost(text) {
  const shown = document.getElementById("lost");
  if (shown) {
    shown.textContent = text;
    return;
  }
  const toast = document.createElement("div");
  toast.id = "lost";
  toast.className = "toast is-bad";
  toast.setAttribute("role", "alert");
  toast.textContent = text;
  document.getElementById("toasts").append(toast);
}

document.addEventListener("htmx:sendError", () => lost("The server does not answer. Trying again with your next step."));
// What a page of an error says of itself; the number where it is no such page.
function saidBy(xhr) {
  const page = new DOMParser().parseFromString(xhr.responseText.slice(0, 100000), "text/html");
  const said = [...page.querySelectorAll("h1, h1 + p")].map((each) => each.textContent.trim()).filter(Boolean).map((each) => each.replace(/\.$/, ""));
  return said.length ? `${said.join(". ").slice(0, 400)}.` : `The server answered with an error (${xhr.status}).`;
}

document.addEventListener("htmx:responseError", (event) => {
  lost(`${saidBy(event.detail.xhr)} What you see may be old.`);
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) document.getElementById("lost")?.remove();
});

document.addEventListener("htmx:afterSwap", () => {
  fade(document.querySelectorAll(".toast[data-fades]"));
});
fade(document.querySelectorAll(".toast[data-fades]"));
