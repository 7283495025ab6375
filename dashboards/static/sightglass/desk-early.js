"use strict";
// Keys that come before their item is seen: they were meant for another one, or for none. They are
// said, and not taken; nor are those that follow without a pause, as each would answer another
// question than was meant.
window.desk = window.desk || {};
(() => {
  const PAUSE = 400; // ms without a key
  const MOST = 12; // keys that are named
  const NAMES = { Enter: "⏎", " ": "Space", ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→" };
  const desk = document.getElementById("desk");
  let openAt = 0; // since when the item in work takes keys
  let last = -PAUSE; // when the last key came
  let calm = false; // only a pause opens the item
  let early = []; // keys that were not taken, of this run
  let opening = null;

  const place = () => desk.querySelector(":scope > .dk-item");
  const isWaiting = () => place().matches("[data-waiting]");

  function open() {
    if (isWaiting()) return;
    const rest = calm ? last + PAUSE - performance.now() : 0;
    if (rest > 0) {
      opening = setTimeout(open, rest);
      return;
    }
    openAt = performance.now();
    early = [];
    desk.classList.remove("is-busy");
  }

  // The item takes keys once it is painted. `asked`: it came by a key or click, and not by itself.
  function shown(asked) {
    openAt = Infinity;
    calm = !asked || early.length > 0;
    desk.classList.add("is-busy");
    clearTimeout(opening);
    requestAnimationFrame(() => {
      clearTimeout(opening);
      opening = setTimeout(open);
    });
    if (early.length) tell();
  }

  function waiting() {
    openAt = Infinity;
    early = [];
    desk.classList.remove("is-busy");
  }

  function tell() {
    const told = place().querySelector(".dk-early") || document.createElement("p");
    if (!told.isConnected) {
      told.className = "note is-warn dk-early";
      told.setAttribute("role", "status");
      const form = place().querySelector("[data-form-error]");
      if (form) form.before(told);
      else place().querySelector(".dk-empty").append(told);
    }
    const keys = `${early.length > MOST ? "… " : ""}${early.slice(-MOST).join(" ")}`;
    told.textContent = `Not taken: ${keys}. ${isWaiting() ? "The next item is not here yet." : "This item was not here yet."}`;
  }

  function isMeant(event) {
    if (!place().matches("[data-item], [data-waiting]") || document.querySelector("dialog[open]")) return false;
    if (event.target.closest("header, .nav, .review-h, .dk-trouble, .toasts")) return false;
    if (window.desk.form.typing(event.target)) return false;
    if (event.key === "Enter") return true;
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (isWaiting() && /^[ug?]$/i.test(event.key)) return false; // these need no item
    return event.key.length === 1 || /^(Arrow|Backspace)/.test(event.key);
  }

  // Heard before all others.
  document.addEventListener("keydown", (event) => {
    if (!isMeant(event)) return;
    const isEarly = event.timeStamp < openAt;
    if (isEarly) {
      event.preventDefault();
      event.stopImmediatePropagation();
      window.desk.lease.touch();
    }
    if (event.repeat) return;
    last = event.timeStamp;
    if (isEarly) {
      calm = true;
      early.push(NAMES[event.key] || event.key);
      tell();
    } else place().querySelector(".dk-early")?.remove();
  }, true);

  window.desk.early = { shown, waiting };
})();
