"use strict";
// What the desk sends: labels and all else in the order in which it was done, again and again until
// the server has answered; drafts beside that. What could not be sent stays in the page, and is said.
window.desk = window.desk || {};
(() => {
  const WAITS = [1, 2, 4, 8, 15]; // s before the next attempt
  const tasks = [];
  let working = false;
  let wake = null;
  const waiting = () => tasks.filter((task) => !task.dropped);

  function token() {
    const cookie = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
    return cookie ? cookie[1] : JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
  }

  class Unsent extends Error {}

  const REMOVED = { reason: "removed", words: "You no longer work on this queue." };
  const ENDS = ["removed", "archived"]; // reasons after which nothing is to be done here any more

  // An answer of the server, or Unsent where there was none that says anything about the matter.
  async function post(url, body, options = {}) {
    let response;
    body.set("csrfmiddlewaretoken", token()); // that of the form is an old one after signing in again
    try {
      response = await fetch(url, {
        method: "POST",
        body,
        credentials: "same-origin",
        headers: { "X-CSRFToken": token(), Accept: "application/json" },
        ...options,
      });
    } catch {
      throw new Unsent("The server does not answer.");
    }
    if (response.redirected && new URL(response.url).pathname.startsWith("/accounts/")) throw new Unsent("signed-out");
    if (response.status >= 500 || response.status === 429) throw new Unsent("The server answers with an error.");
    const type = response.headers.get("Content-Type") || "";
    const text = await response.text();
    if (response.status === 403 && text.includes("CSRF")) throw new Unsent("signed-out");
    if (!waiting().length) well();
    const answer = { status: response.status };
    if (type.startsWith("application/json")) Object.assign(answer, JSON.parse(text));
    else if (response.status === 403 || response.status === 404) Object.assign(answer, REMOVED);
    else answer.html = text;
    if (ENDS.includes(answer.reason)) window.desk.end?.(answer);
    return answer;
  }

  // ---- what is wrong with sending, as one line above the desk
  function trouble(why) {
    const place = document.getElementById("desk-trouble");
    let told = document.getElementById("desk-unsent");
    if (!told) {
      told = document.createElement("div");
      told.id = "desk-unsent";
      told.className = "note is-warn";
      place.append(told);
    }
    told.replaceChildren();
    const words = document.createElement("p");
    words.className = "grow";
    const waiting = tasks.length === 1 ? "1 step is" : `${tasks.length} steps are`;
    const kept = tasks.length ? ` ${waiting} not sent yet and kept in this page; do not close it.` : " What you type is kept in this page; do not close it.";
    words.textContent = why === "signed-out" ? `You have been signed out.${kept} ` : `${why}${kept} Trying again. `;
    if (why === "signed-out") {
      const link = document.createElement("a");
      link.href = "/accounts/login/?next=/";
      link.target = "_blank";
      link.rel = "noopener";
      link.textContent = "Sign in in another tab";
      words.append(link, ", then come back: this page goes on by itself.");
    }
    told.append(words);
    document.documentElement.dataset.unsent = String(tasks.length);
  }

  function well() {
    document.getElementById("desk-unsent")?.remove();
    delete document.documentElement.dataset.unsent;
  }

  function pause(attempt) {
    return new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, 1000 * WAITS[Math.min(attempt, WAITS.length - 1)]);
    });
  }
  for (const kind of ["online", "focus"]) addEventListener(kind, () => wake?.());

  async function run() {
    if (working) return;
    working = true;
    let attempt = 0;
    while (tasks.length) {
      const task = tasks[0];
      if (task.dropped) {
        tasks.shift();
        continue;
      }
      try {
        await task.after;
        task.started = true;
        const answer = await post(task.url, task.body);
        tasks.shift();
        attempt = 0;
        well();
        task.done(answer);
      } catch (error) {
        if (!(error instanceof Unsent)) {
          tasks.shift();
          console.error(error);
          continue;
        }
        trouble(error.message);
        await pause(attempt++);
      }
    }
    working = false;
  }

  // A step in its turn. `done` gets the server's answer, whatever it is.
  function send(task) {
    tasks.push(task);
    run();
    return task;
  }

  // A step that nobody has begun to send is simply not sent. Returns whether it was one.
  function drop(task) {
    if (task.started || !tasks.includes(task)) return false;
    task.dropped = true;
    return true;
  }

  // ---- drafts: one at a time for each item, the last one wins
  const DELAY = 700;
  const drafts = new WeakMap(); // item -> { timer, saving, dirty }

  function stateOf(item) {
    if (!drafts.has(item)) drafts.set(item, { timer: null, saving: null, dirty: false });
    return drafts.get(item);
  }

  function told(item, text) {
    const place = item.querySelector("[data-saved]");
    if (place) place.textContent = text;
  }

  function draft(item) {
    window.desk.keeping.keep(item);
    const state = stateOf(item);
    state.dirty = true;
    clearTimeout(state.timer);
    state.timer = setTimeout(() => saveDraft(item), DELAY);
  }

  async function saveDraft(item) {
    const state = stateOf(item);
    clearTimeout(state.timer);
    if (!state.dirty || item.dataset.sent) return;
    if (state.saving) {
      await state.saving;
      if (!state.dirty || item.dataset.sent) return;
    }
    state.dirty = false;
    state.saving = post(item.dataset.draft, new FormData(item.querySelector("[data-rubric]")))
      .then((answer) => {
        if (ENDS.includes(answer.reason)) return told(item, "Not kept: copy what you need");
        if (answer.status !== 200) throw new Unsent(answer.words || "The draft was refused.");
        if (!state.dirty) window.desk.keeping.forget(item);
        told(item, `Draft kept ${new Date(answer.saved).toLocaleTimeString([], { hour12: false })}`);
      })
      .catch((error) => {
        if (!(error instanceof Unsent)) throw error;
        state.dirty = true;
        told(item, "Draft not kept yet");
        trouble(error.message);
        clearTimeout(state.timer);
        state.timer = setTimeout(() => saveDraft(item), 4000);
      })
      .finally(() => {
        state.saving = null;
      });
    await state.saving;
  }

  // No draft of the item is sent any more; resolves once none is on its way.
  function settleDraft(item) {
    const state = stateOf(item);
    clearTimeout(state.timer);
    state.dirty = false;
    return state.saving;
  }

  const isDirty = (item) => stateOf(item).dirty || stateOf(item).saving !== null;

  // When the page goes away: what is still here is sent without waiting for an answer.
  function leave(item) {
    for (const task of tasks) {
      if (task.dropped) continue;
      task.body.set("csrfmiddlewaretoken", token());
      navigator.sendBeacon(task.url, task.body);
    }
    if (!item || item.dataset.sent || !isDirty(item)) return;
    const body = new FormData(item.querySelector("[data-rubric]"));
    body.set("csrfmiddlewaretoken", token());
    navigator.sendBeacon(item.dataset.draft, body);
  }

  function beacon(url, fields) {
    const body = new FormData();
    for (const [name, value] of fields) body.append(name, value);
    body.set("csrfmiddlewaretoken", token());
    navigator.sendBeacon(url, body);
  }

  Object.assign(window.desk, {
    sending: { Unsent, beacon, draft, drop, isDirty, leave, post, saveDraft, send, settleDraft, trouble, waiting },
  });
})();
