"use strict";
// How long the item in work, and those fetched ahead, are held; how long it was looked at; and what
// is told above the desk.
window.desk = window.desk || {};
(() => {
  const { sending } = window.desk;
  const desk = document.getElementById("desk");
  const LEASE = Number(desk.dataset.leaseMinutes) * 60_000;
  const NOTES = 3; // of what was done, at once
  const AWAY = 60_000; // ms without a key or tap, after which nothing is held longer
  const renewing = new Set();
  let hooks = null; // { now(), ahead, goOn(), failed(item, answer, what), over() }
  let shownAt = performance.now();
  let spentBefore = 0;
  let active = Date.now();

  // How far this machine's clock is from the server's, as of when the item was made.
  function setClock(item) {
    if (item.dataset.now) item.dataset.clock ||= String(Date.now() - Number(item.dataset.now));
  }

  // The item is looked at from now on, beyond what it was before.
  function look(item) {
    shownAt = performance.now();
    spentBefore = Number(item.dataset.spent || 0);
  }

  // Seconds that the item was looked at: not those in which the page was behind others.
  function spent() {
    return spentBefore + (document.hidden ? 0 : (performance.now() - shownAt) / 1000);
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) spentBefore += (performance.now() - shownAt) / 1000;
    else shownAt = performance.now();
  });

  const left = (item) => Number(item.dataset.until) - (Date.now() - Number(item.dataset.clock));

  // Hold the item longer, once less than `share` of its time is left.
  async function renew(item, share = 0.6) {
    if (!item?.dataset.claim || renewing.has(item) || left(item) > LEASE * share) return;
    renewing.add(item);
    try {
      const answer = await sending.post(item.dataset.claim, new FormData());
      if (answer.status === 200) {
        item.dataset.until = String(answer.until);
        delete item.dataset.lost;
      } else await lost(item, answer);
    } catch (error) {
      if (!(error instanceof sending.Unsent)) throw error;
    } finally {
      renewing.delete(item);
    }
  }

  // Somebody else has it now: what was not begun is passed over, what was begun is said and kept.
  async function lost(item, answer) {
    const { ahead } = hooks;
    if (hooks.over()) return;
    if (ahead.includes(item)) ahead.splice(ahead.indexOf(item), 1);
    if (item !== hooks.now() || item.dataset.sent || item.dataset.lost) return;
    if (!("begun" in item.dataset)) return hooks.goOn();
    item.dataset.lost = "1";
    await sending.saveDraft(item);
    hooks.failed(item, answer, "is not reserved for you any more");
  }

  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

  function tick() {
    const now = hooks.now();
    const held = document.querySelector("[data-lease]");
    document.querySelector("[data-spent]").hidden = held.hidden = !now || hooks.over();
    if (!now || hooks.over()) return;
    document.querySelector("[data-spent-text]").textContent = clock(spent());
    const rest = left(now) / 1000;
    held.hidden = !now.dataset.until;
    held.classList.toggle("is-warn", rest < 60);
    held.querySelector("[data-lease-text]").textContent =
      rest > 0 ? `Reserved for you ${clock(rest)}` : "Reservation ended; your answers are kept";
    if (Date.now() - active > AWAY || now.dataset.sent) return;
    for (const item of [now, ...hooks.ahead]) renew(item, now.dataset.lost ? 0 : 0.5);
  }

  function watch(given) {
    hooks = given;
    setInterval(tick, 1000);
  }

  const touch = () => (active = Date.now());
  document.addEventListener("pointerdown", touch);

  // What was done, for a moment; of many, the last few.
  function note(words) {
    window.say?.(words);
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.dataset.note = "";
    toast.textContent = words;
    document.getElementById("toasts").append(toast);
    for (const old of [...document.querySelectorAll("#toasts [data-note]")].slice(0, -NOTES)) old.remove();
    setTimeout(() => toast.remove(), 6000);
  }

  // Something that the reviewer must know: it stays until it is closed. `ways`: [label, url] out.
  // Told again under the same `name`, it takes the place of what was told before.
  function tell(words, ways, name = "") {
    if (name) document.querySelector(`#desk-trouble [data-told="${name}"]`)?.remove();
    const note = document.createElement("div");
    note.className = "note is-warn";
    if (name) note.dataset.told = name;
    note.setAttribute("role", "alert");
    const text = document.createElement("p");
    text.className = "grow";
    text.textContent = words;
    for (const [label, url] of ways) {
      const link = document.createElement("a");
      link.href = url;
      link.textContent = label;
      text.append(" ", link, ".");
    }
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn btn-q btn-s btn-i";
    close.textContent = "×";
    close.setAttribute("aria-label", "Dismiss");
    close.addEventListener("click", () => note.remove());
    note.append(text, close);
    document.getElementById("desk-trouble").append(note);
    return note;
  }

  Object.assign(window.desk, { lease: { look, renew, setClock, spent, tick, touch, watch }, note, tell });
})();
