"use strict";
// What is typed, kept in this tab from key to key until the server has it, because a reload is faster
// than any request. By person and item; gone once the server keeps the draft or has the label. Of a
// lead's decision the server keeps no draft: it is gone once it was sent and the item has changed.
window.desk = window.desk || {};
(() => {
  const LATER = 30_000; // ms: what the server keeps since then was typed in another place
  const FIELDS = "input[type=radio], input[type=checkbox][name], textarea, [data-spans]";
  const who = document.querySelector("[data-who]")?.dataset.who;
  const met = new WeakSet(); // items that were shown before: their forms are the truth
  const keyOf = (item) => `sightglass draft ${who} ${item.dataset.draft}`;
  const formOf = (item) => item.querySelector("[data-rubric]");
  let leaving = false; // the next page is asked for, and may know less than the server by now
  addEventListener("beforeunload", () => (leaving = true));
  const isBox = (field) => ["radio", "checkbox"].includes(field.type);

  // [name, value] of all that is answered and asked, the comment too.
  function valuesOf(item) {
    return [...formOf(item).querySelectorAll(FIELDS)]
      .filter((field) => !field.matches(":disabled") && (!isBox(field) || field.checked))
      .map((field) => [field.name, field.value]);
  }

  function put(item, values) {
    for (const field of formOf(item).querySelectorAll(FIELDS)) {
      const given = values.filter(([name]) => name === field.name).map(([, value]) => value);
      if (isBox(field)) field.checked = given.includes(field.value);
      else field.value = given[0] ?? "";
    }
  }

  // Without room, or where the browser keeps nothing, the draft on the server is the only one.
  function keep(item, sent = "") {
    const at = Date.now() - Number(item.dataset.clock || 0);
    try {
      sessionStorage.setItem(keyOf(item), JSON.stringify({ at, sent, values: valuesOf(item) }));
    } catch {
      forget(item);
    }
  }

  function forget(item) {
    if (leaving) return;
    try {
      sessionStorage.removeItem(keyOf(item));
    } catch {
      // nothing is kept
    }
  }

  function kept(item) {
    try {
      return JSON.parse(sessionStorage.getItem(keyOf(item)));
    } catch {
      return null;
    }
  }

  // What was sent of this version of the item has made another one of it.
  const isTaken = (item, found) => Boolean(found.sent) && found.sent !== item.dataset.version;

  // Puts back what the server may not have had when it made the item. Returns whether there was any.
  function restore(item) {
    if (met.has(item)) return false;
    met.add(item);
    const found = kept(item);
    const isOld = found && (Number(item.dataset.kept) > found.at + LATER || isTaken(item, found));
    if (!found || isOld) {
      forget(item);
      return false;
    }
    if (JSON.stringify(found.values) === JSON.stringify(valuesOf(item))) return true;
    put(item, found.values);
    const told = item.querySelector("[data-restored]");
    told.hidden = false;
    told.querySelector("span").textContent = "What you had typed is back.";
    window.say?.("What you had typed is back.");
    return true;
  }

  window.desk.keeping = { forget, keep, restore };
})();
