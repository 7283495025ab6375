"use strict";
// The desk: an item is labelled, the next one is there at once, because it was fetched ahead; what
// was done is sent behind it. Without this file every step is a form that loads the page anew.
(() => {
  const { form, lease, sending, tell } = window.desk;
  const desk = document.getElementById("desk");
  const AHEAD = 2; // items fetched and held besides the one in work
  const LOOK_AGAIN = 15_000; // ms, where there was nothing
  const REMEMBERED = 20; // items that undo brings back as they were
  let now = desk.querySelector("[data-item]");
  const ahead = [];
  const done = []; // { item, task } of what was submitted, the last at the end
  let fetching = null;
  let exhausted = false;

  const rubric = (item = now) => item?.querySelector("[data-rubric]");
  const idOf = (item) => item.dataset.item;

  // ---- showing
  function parsed(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const item = holder.content.firstElementChild;
    lease.setClock(item);
    return item;
  }

  function show(item) {
    const before = desk.querySelector(":scope > .dk-item");
    before.replaceWith(item);
    now = item.matches("[data-item]") ? item : null;
    lease.look(item);
    if (now) {
      delete item.dataset.sent;
      prepare(item);
      history.replaceState(null, "", location.pathname);
    }
    scrollTo(0, 0);
    lease.tick();
    document.documentElement.dataset.shown = String(Number(document.documentElement.dataset.shown || 0) + 1);
  }

  function prepare(item) {
    const root = rubric(item);
    const box = item.querySelector("[data-at-once-box]");
    if (box) box.checked = "atOnce" in desk.dataset;
    form.begin(root);
    lease.setClock(item);
  }

  // ---- fetching ahead
  function besides() {
    const ids = [now, ...ahead].filter(Boolean).map(idOf);
    return [...ids, ...sending.waiting().map((task) => task.item).filter(Boolean)];
  }

  async function fetchNext() {
    const body = new FormData();
    for (const id of besides()) body.append("besides", id);
    const answer = await sending.post(desk.dataset.next, body);
    if (answer.status !== 200) return { none: null, words: answer.words || "" };
    const item = parsed(answer.html);
    return item.matches("[data-none]") ? { none: item } : { item };
  }

  // What was undone or submitted while the server looked is no news.
  function isHere(item) {
    return [...besides(), ...done.map((one) => idOf(one.item))].includes(idOf(item));
  }

  async function fill() {
    if (fetching || exhausted || !now || ahead.length >= AHEAD) return;
    fetching = fetchNext();
    try {
      const got = await fetching;
      if (got.item && !isHere(got.item)) ahead.push(got.item);
      else exhausted = true;
    } catch (error) {
      if (!(error instanceof sending.Unsent)) throw error;
      exhausted = true; // looked for again once something was sent, or nothing is left
    } finally {
      fetching = null;
    }
    if (!exhausted) fill();
  }

  // The next item at once, else as soon as it is there.
  async function goOn() {
    const item = ahead.shift();
    if (item) {
      show(item);
      lease.renew(item);
      fill();
      return;
    }
    waitFor();
    now = null;
    if (fetching) {
      const got = await fetching.catch(() => null);
      if (got?.item) {
        await null; // `fill` has put it into its place
        return goOn();
      }
    }
    look();
  }

  function waitFor() {
    const place = document.createElement("div");
    place.className = "dk-item dk-none";
    place.dataset.waiting = "";
    const words = document.createElement("section");
    words.className = "review-m";
    words.innerHTML = '<div class="empty dk-empty"><h1>Looking for the next item</h1></div>';
    place.append(words);
    desk.querySelector(":scope > .dk-item").replaceWith(place);
  }

  let looking = null;
  async function look() {
    clearTimeout(looking);
    if (now) return;
    if (sending.waiting().length) {
      looking = setTimeout(look, 200); // what was done comes first
      return;
    }
    try {
      const got = await fetchNext();
      if (now) {
        if (got.item && !isHere(got.item)) ahead.push(got.item);
        return;
      }
      exhausted = !got.item;
      if (got.item) {
        show(got.item);
        fill();
        return;
      }
      if (got.none) desk.querySelector(":scope > .dk-item").replaceWith(got.none);
      else tell(got.words || "There is no next item.", []);
    } catch (error) {
      if (!(error instanceof sending.Unsent)) throw error;
      sending.trouble(error.message);
    }
    looking = setTimeout(look, LOOK_AGAIN);
  }

  // ---- doing
  function leaveItem() {
    now.dataset.sent = "1";
    now.dataset.spent = String(lease.spent());
    return sending.settleDraft(now);
  }

  function submit() {
    const root = rubric();
    if (!root || !form.check(root)) return;
    root.elements.seconds.value = lease.spent().toFixed(1);
    const item = now;
    const body = new FormData(root);
    const after = leaveItem();
    const task = sending.send({
      url: root.action,
      body,
      after,
      item: idOf(item),
      done: (answer) => submitted(item, answer),
    });
    done.push({ item, task });
    if (done.length > REMEMBERED) done.shift();
    window.say?.("Submitted.");
    goOn();
  }

  function submitted(item, answer) {
    if (answer.status === 200) {
      head(answer.head);
      item.querySelector("[name=comment]").value = "";
      if (exhausted && now) {
        exhausted = false;
        fill();
      }
      return;
    }
    forget(item);
    delete item.dataset.sent;
    if (answer.status === 400) {
      bringBack(item);
      form.showErrors(rubric(), answer.errors || {}, answer.words || "");
      return;
    }
    failed(item, answer);
  }

  function forget(item) {
    const index = done.findIndex((one) => one.item === item);
    if (index >= 0) done.splice(index, 1);
  }

  function bringBack(item) {
    if (now) {
      now.dataset.spent = String(lease.spent());
      ahead.unshift(now);
    }
    show(item);
  }

  function failed(item, answer, what = "was not saved") {
    const words = answer.words || `The server refused it (${answer.status}).`;
    if (!answer.reason && item !== now) bringBack(item); // nobody but this page has the answers
    const again = answer.reason === "rubric" || answer.reason === "held";
    const ways = [["Look at the item", item.dataset.read]];
    if (again) ways.unshift(["Open it again", `${location.pathname}?item=${idOf(item)}`]);
    tell(`Item ${idOf(item)} ${what}. ${words}`, ways);
  }

  function head(html) {
    if (html) document.getElementById("desk-head").innerHTML = html;
  }

  function undo() {
    const last = done.pop();
    if (!last) return undoLast();
    bringBack(last.item);
    if (sending.drop(last.task)) return;
    sending.send({
      url: last.item.dataset.undoUrl,
      body: new FormData(),
      done: (answer) => {
        if (answer.status === 200) head(answer.head);
        else if (answer.reason !== "nothing") failed(last.item, answer);
      },
    });
  }

  function undoLast() {
    const body = new FormData();
    body.set("html", "1");
    sending.send({
      url: desk.dataset.undoLast,
      body,
      done: (answer) => {
        if (answer.status !== 200) return tell(answer.words || "There is nothing to take back.", []);
        head(answer.head);
        bringBack(parsed(answer.html));
      },
    });
  }

  function aside(asked, submitter) {
    const item = now;
    const body = new FormData(asked, submitter);
    const reason = (body.get("reason") || body.get("other") || "").trim();
    if (!reason) return (asked.querySelector("[name=other]") || asked.querySelector("textarea")).focus();
    asked.closest("details").open = false;
    const pending = sending.isDirty(item) ? sending.saveDraft(item) : null;
    item.dataset.spent = String(lease.spent());
    sending.send({
      url: asked.action,
      body,
      after: pending,
      item: idOf(item),
      done: (answer) => {
        if (answer.status !== 200) failed(item, answer);
        else if (answer.head) head(answer.head);
      },
    });
    window.say?.(asked.dataset.aside === "skip" ? "Skipped." : "A lead is asked.");
    goOn();
  }

  // ---- listening
  document.addEventListener("keydown", (event) => {
    lease.touch();
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const ask = now?.querySelector("details.dk-ask[open]");
    if (ask && (ask.contains(event.target) || !form.typing(event.target))) return askKey(ask, event);
    if (!now || event.repeat) return;
    if (event.target.closest("header, .nav, .review-h, .dk-trouble, .toasts")) return;
    if (event.key === "PageDown" || event.key === "PageUp") return page(event);
    if (form.key(rubric(), event, submit)) event.preventDefault();
  });

  // While a reason is asked for, digits choose among those offered.
  function askKey(ask, event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return ask.querySelector("form").requestSubmit();
    if (form.typing(event.target) || !/^[1-9]$/.test(event.key)) return;
    const wanted = ask.querySelectorAll(".dk-reason")[Number(event.key) - 1];
    if (!wanted) return;
    event.preventDefault();
    wanted.click();
  }

  function page(event) {
    if (form.typing(event.target)) return;
    const pane = now.querySelector(".review-m");
    const scroller = pane.scrollHeight > pane.clientHeight ? pane : document.scrollingElement;
    scroller.scrollBy({ top: (event.key === "PageDown" ? 0.85 : -0.85) * scroller.clientHeight });
    event.preventDefault();
  }

  document.addEventListener("change", (event) => {
    const box = event.target.closest("[data-at-once-box]");
    if (box) {
      if (box.checked) desk.dataset.atOnce = "";
      else delete desk.dataset.atOnce;
      const age = box.checked ? 365 * 24 * 3600 : 0;
      document.cookie = `desk_at_once=1; path=/; max-age=${age}; samesite=lax`;
      return;
    }
    const question = event.target.closest("[data-question]");
    if (!question || !now?.contains(question)) return;
    const root = rubric();
    form.arrange(root);
    now.dataset.begun = "1";
    const ready = form.missing(root).length === 0;
    sending.draft(now);
    const error = question.querySelector("[data-error]");
    if (error && form.isAnswered(question)) error.hidden = true;
    // `change` of a writing field comes with leaving it: nobody means to submit with that.
    const choosing = ["boolean", "scale", "choice"].includes(question.dataset.kind);
    if ("atOnce" in desk.dataset && choosing && ready && "required" in question.dataset) {
      const item = now;
      queueMicrotask(() => item === now && submit());
    }
  });
  document.addEventListener("input", (event) => {
    if (!now?.contains(event.target) || !event.target.closest("[data-rubric]")) return;
    if (event.target.matches("textarea")) {
      form.arrange(rubric());
      now.dataset.begun = "1";
      sending.draft(now);
    }
  });

  document.addEventListener("submit", (event) => {
    const sent = event.target;
    if (sent.matches("[data-undo]")) {
      event.preventDefault();
      undo();
    } else if (sent.matches("[data-aside]")) {
      event.preventDefault();
      aside(sent, event.submitter);
    } else if (sent.matches("[data-rubric]")) {
      event.preventDefault();
      if (event.submitter?.matches("[data-say]")) window.desk.sayNow(now, failed);
      else submit();
    }
  });

  document.addEventListener("click", (event) => {
    const guide = event.target.closest("[data-guide]");
    if (guide) {
      event.preventDefault();
      const narrow = matchMedia("(max-width: 1240px)").matches;
      desk.classList.toggle(narrow ? "has-guide" : "no-guide");
      if (desk.classList.contains("has-guide")) document.getElementById("guide").scrollIntoView({ block: "start" });
    }
    // Opened here and not by the browser, so that the very next key is the reason's.
    const summary = event.target.closest("details.dk-ask > summary");
    if (summary) {
      event.preventDefault();
      const ask = summary.parentElement;
      ask.open = !ask.open;
      if (ask.open) ask.querySelector("textarea, .dk-reason").focus();
      else summary.focus();
    }
    const link = event.target.closest("#guide a[href]");
    if (link) link.target = "_blank";
  });

  addEventListener("beforeunload", (event) => {
    const asking = now && [...now.querySelectorAll(".dk-ask :is(textarea, input[name=other])")].some((one) => one.value.trim());
    if (asking || sending.waiting().length || document.getElementById("desk-unsent")) event.preventDefault();
  });
  addEventListener("pagehide", () => {
    sending.leave(now);
    if (ahead.length) sending.beacon(desk.dataset.release, ahead.map((item) => ["item", idOf(item)]));
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && now) sending.saveDraft(now);
  });

  lease.watch({ now: () => now, ahead, goOn, failed });
  lease.tick();
  if (now) {
    prepare(now);
    lease.look(now);
    lease.tick();
    fill();
  } else if (desk.querySelector("[data-none]")) looking = setTimeout(look, LOOK_AGAIN);
})();
