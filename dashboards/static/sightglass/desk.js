"use strict";
// The desk: an item is labelled, the next one is there at once, because it was fetched ahead; what
// was done is sent behind it. Without this file every step is a form that loads the page anew.
(() => {
  const { early, form, keeping, lease, note, sending, tell, toAnswer } = window.desk;
  const desk = document.getElementById("desk");
  const AHEAD = 2; // items fetched and held besides the one in work
  const LOOK_AGAIN = 15_000; // ms, where there was nothing
  const REMEMBERED = 20; // items that undo brings back as they were
  let now = desk.querySelector("[data-item]");
  const ahead = [];
  const done = []; // { item, task, what } of labels, skips and questions, the last at the end
  const stale = []; // items that were refused because their questions are old
  let fetching = null;
  let exhausted = false;
  let over = false; // the server has ended the work on this queue
  let renewing = false; // the questions are being fetched anew

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

  // `asked`: by the key or click that is being handled.
  function show(item, asked = false) {
    const before = desk.querySelector(":scope > .dk-item");
    before.replaceWith(item);
    now = item.matches("[data-item]") ? item : null;
    lease.look(item);
    if (now) {
      delete item.dataset.sent;
      prepare(item);
      early.shown(asked);
      history.replaceState(null, "", location.pathname);
    }
    scrollTo(0, 0);
    if (now) toAnswer(now, true);
    lease.tick();
    document.documentElement.dataset.shown = String(Number(document.documentElement.dataset.shown || 0) + 1);
  }

  function prepare(item) {
    const root = rubric(item);
    const box = item.querySelector("[data-at-once-box]");
    if (box) box.checked = "atOnce" in desk.dataset;
    lease.setClock(item);
    form.arrange(root);
    const restored = keeping.restore(item);
    form.begin(root);
    if (!restored) return;
    item.dataset.begun = "1";
    sending.draft(item);
  }

  // ---- fetching ahead
  function besides() {
    const ids = [now, ...ahead].filter(Boolean).map(idOf);
    return [...ids, ...sending.waiting().map((task) => task.item).filter(Boolean)];
  }

  // The next item, or a certain one as it is by now.
  async function fetchNext(id = "") {
    const body = new FormData();
    if (id) body.set("item", id);
    else for (const each of besides()) body.append("besides", each);
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
    if (over || renewing || fetching || exhausted || !now || ahead.length >= AHEAD) return;
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
  async function goOn(asked = false) {
    if (over) return;
    const item = ahead.shift();
    if (item) {
      show(item, asked);
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
    early.waiting();
  }

  let looking = null;
  async function look() {
    clearTimeout(looking);
    if (now || over || renewing) return;
    if (sending.waiting().length) {
      looking = setTimeout(look, 200); // what was done comes first
      return;
    }
    try {
      const got = await fetchNext();
      if (over || renewing) return;
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
      else tell(got.words || "There is no next item.", [], "none");
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
    if (over) return remind();
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
    remember(item, task, "label");
    goOn(true);
  }

  function remember(item, task, what) {
    done.push({ item, task, what });
    if (done.length > REMEMBERED) done.shift();
  }

  function submitted(item, answer) {
    if ([200, 400, 409].includes(answer.status)) keeping.forget(item); // a label, or a draft on the server
    if (answer.status === 200) {
      window.say?.("Submitted.");
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
    if (over) return leftOver(item);
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

  function bringBack(item, asked = false) {
    if (now) {
      now.dataset.spent = String(lease.spent());
      ahead.unshift(now);
    }
    show(item, asked);
  }

  function failed(item, answer, what = "was not saved") {
    if (over) return leftOver(item);
    if (answer.reason === "rubric") return questionsChanged(item);
    const words = answer.words || `The server refused it (${answer.status}).`;
    if (!answer.reason && item !== now) bringBack(item); // nobody but this page has the answers
    const ways = [["Look at the item", item.dataset.read]];
    if (answer.reason === "held") ways.unshift(["Open it again", `${location.pathname}?item=${idOf(item)}`]);
    tell(`Item ${idOf(item)} ${what}. ${words}`, ways);
  }

  function head(html) {
    if (html) document.getElementById("desk-head").innerHTML = html;
  }

  // ---- what ends or changes the work
  // The queue is archived, or the person does not work on it any more: nothing is tried again.
  function end(answer) {
    if (over) return;
    over = true;
    clearTimeout(looking);
    ahead.length = 0;
    desk.classList.add("is-over");
    const told = tell(answer.words, [["All queues", desk.dataset.queues]], "over");
    told.querySelector("button").remove();
    if (now) leftOver(now);
    lease.tick();
  }

  // What could not be saved is shown again, and can be copied where the server keeps nothing.
  function leftOver(item) {
    const told = document.querySelector('[data-told="over"]');
    const texts = [...item.querySelectorAll("[data-rubric] textarea")].map((one) => one.value.trim()).filter(Boolean);
    const begun = "begun" in item.dataset || texts.length > 0;
    if (begun && item !== now) show(item);
    if (!told || !texts.length || told.dataset[`of${idOf(item)}`]) return;
    told.dataset[`of${idOf(item)}`] = "1";
    const kept = told.querySelector("textarea") || document.createElement("textarea");
    kept.className = "ta";
    kept.readOnly = true;
    kept.rows = 3;
    kept.setAttribute("aria-label", "What you have typed, to copy");
    kept.value = [kept.value, `Item ${idOf(item)}`, ...texts].filter(Boolean).join("\n");
    told.append(kept);
  }

  function remind() {
    window.say?.(document.querySelector('[data-told="over"] p')?.textContent || "");
  }

  // Once is enough: what waits is fetched with the new questions, and what was answered of those
  // that are still asked comes back as the draft.
  async function questionsChanged(item) {
    if (!stale.includes(item)) stale.push(item);
    if (renewing) return;
    renewing = true;
    tell("The questions have changed. What you had answered is kept where it is still asked; look at it again.", [], "rubric");
    const current = now;
    for (let tries = 0; current && sending.isDirty(current) && tries < 3; tries++) await sending.saveDraft(current);
    waitFor();
    now = null;
    await fetching?.catch(() => null);
    while (sending.waiting().length) await new Promise((resolve) => setTimeout(resolve, 100));
    const waiting = new Map([...stale.splice(0), current, ...ahead.splice(0)].filter(Boolean).map((one) => [idOf(one), one]));
    for (const [id, old] of waiting) {
      if (over) return;
      const got = await fetchNext(id).catch(() => ({ item: old }));
      if (!got.item) continue; // done by others meanwhile; a draft is kept
      got.item.dataset.spent = old.dataset.spent || "0";
      ahead.push(got.item);
    }
    renewing = exhausted = false;
    goOn();
  }

  const TAKEN = { label: "your label of item", skip: "your skip of item" };
  const taken = (what, id) => note(`Taken back: ${TAKEN[what]} ${id}.`);

  // The last step is taken back, whatever it was, and is said.
  function undo() {
    if (over) return remind();
    const last = done.pop();
    if (!last) return undoLast();
    const id = idOf(last.item);
    if (last.what === "flag") return note(`You asked a lead about item ${id}; that stays. Undo again takes back what you did before.`);
    bringBack(last.item, true);
    taken(last.what, id);
    if (sending.drop(last.task)) return;
    const body = new FormData();
    const isSkip = last.what === "skip";
    if (isSkip) body.set("item", id);
    sending.send({
      url: isSkip ? desk.dataset.unskip : last.item.dataset.undoUrl,
      body,
      done: (answer) => {
        if (isSkip && answer.status === 200) lease.renew(last.item, 2);
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
        taken(answer.what, answer.item);
      },
    });
  }

  // Nothing was written: that is said at the field. Emptied first, so that it is announced again.
  function lacks(asked) {
    const field = asked.querySelector("[name=other], textarea");
    const place = asked.querySelector("[data-lacks]");
    place.textContent = "";
    place.hidden = false;
    field.setAttribute("aria-invalid", "true");
    field.focus();
    requestAnimationFrame(() => (place.textContent = place.dataset.lacks));
  }

  function aside(asked, submitter) {
    const item = now;
    if (over) return remind();
    const body = new FormData(asked, submitter);
    const reason = (body.get("other") || body.get("reason") || "").trim();
    if (!reason) return lacks(asked);
    asked.closest("details").open = false;
    const pending = sending.isDirty(item) ? sending.saveDraft(item) : null;
    item.dataset.spent = String(lease.spent());
    const task = sending.send({
      url: asked.action,
      body,
      after: pending,
      item: idOf(item),
      done: (answer) => {
        if (answer.status !== 200) {
          forget(item);
          failed(item, answer);
        } else if (answer.head) head(answer.head);
      },
    });
    remember(item, task, asked.dataset.aside);
    note(asked.dataset.aside === "skip" ? `Item ${idOf(item)} is skipped.` : `A lead is asked about item ${idOf(item)}.`);
    goOn(true);
  }

  // ---- leaving and coming back
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

  window.desk.end = end;
  window.desk.work = { now: () => now, rubric, submit, undo, aside, lacks, failed };
  lease.watch({ now: () => now, ahead, goOn, failed, over: () => over });
  lease.tick();
  if (now) {
    prepare(now);
    lease.look(now);
    lease.tick();
    toAnswer(now, true);
    fill();
  } else if (desk.querySelector("[data-none]")) looking = setTimeout(look, LOOK_AGAIN);
})();
