"use strict";
// The questions of an item: which is next, what is asked, what is answered. Works on any element
// that holds [data-question] fieldsets; without it they are a plain form.
window.desk = window.desk || {};
(() => {
  const NEEDS = "Needs an answer.";
  const MOST_NAMED = 3; // questions, in what is said above them
  const all = (root) => [...root.querySelectorAll("[data-question]")];
  const asked = (root) => all(root).filter((question) => !question.hidden);
  const current = (root) => root.querySelector("[data-question].is-now");
  const inputs = (question) => [...question.querySelectorAll("input[type=radio], input[type=checkbox]")];
  const around = (root) => root.closest("[data-item]") || root;
  const writer = (question) => question.querySelector("[data-write]");

  function spansOf(question) {
    const field = question.querySelector("[data-spans]");
    try {
      return field ? JSON.parse(field.value || "[]") : [];
    } catch {
      return [];
    }
  }

  function valuesOf(question) {
    if (question.dataset.kind === "span") return spansOf(question);
    const field = writer(question);
    if (field) return field.value.trim() ? [field.value] : [];
    return inputs(question).filter((one) => one.checked).map((one) => one.value);
  }

  const isAnswered = (question) => valuesOf(question).length > 0;
  const missing = (root) => asked(root).filter((one) => "required" in one.dataset && !isAnswered(one));

  // Show what is asked after the answers so far; what is not asked is not sent either.
  function arrange(root) {
    const byKey = new Map();
    for (const question of all(root)) {
      if (question.dataset.when) {
        const when = JSON.parse(question.dataset.when);
        const other = byKey.get(when.question);
        const holds = other && !other.hidden && valuesOf(other).some((value) => when.is.includes(value));
        question.hidden = question.disabled = !holds;
        if (!holds) question.classList.remove("is-now");
      }
      byKey.set(question.dataset.question, question);
    }
    const left = missing(root).length;
    const ready = left === 0;
    around(root).classList.toggle("is-ready", ready);
    const jump = around(root).querySelector("[data-left]");
    if (jump) jump.textContent = ready ? "Questions" : `${left} to answer`;
    const key = around(root).querySelector("[data-submit-key]");
    if (key) key.textContent = ready ? "⏎" : "Ctrl ⏎";
  }

  function choose(root, question, focus = true) {
    const before = current(root);
    if (before && before !== question) before.classList.remove("is-now");
    if (!question) return;
    question.classList.add("is-now");
    if (!focus) return;
    question.focus({ preventScroll: true });
    question.scrollIntoView({ block: "nearest" });
  }

  function step(root, by) {
    const shown = asked(root);
    const at = shown.indexOf(current(root));
    if (at < 0) return choose(root, by > 0 ? shown[0] : shown[shown.length - 1]);
    const wanted = shown[at + by];
    if (wanted) choose(root, wanted);
    else if (by > 0) finish(root);
  }

  // Behind the last question there is nothing but submitting.
  function finish(root) {
    current(root)?.classList.remove("is-now");
    around(root).querySelector("[data-submit]")?.focus({ preventScroll: true });
  }

  // Past a long item: the first question that still needs an answer, else the first of all.
  function toMissing(root) {
    const first = missing(root)[0] || asked(root)[0];
    choose(root, first);
    first?.scrollIntoView({ block: "start" });
  }

  // Where it goes on, or, where that is here already, the wish to submit: what lacks is said then.
  function enter(root, target, submit) {
    const [first] = missing(root);
    if (!first || first === current(root) || target.closest("[data-submit]")) submit();
    else choose(root, first);
  }

  function changed(question) {
    question.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // A digit answers the current question. Returns whether it meant anything.
  function digit(root, key) {
    const question = current(root) || asked(root)[0];
    if (!question) return false;
    choose(root, question, false);
    if (question.dataset.kind === "span") return window.desk.marks.begin(root, question, key);
    const field = writer(question);
    if (field) {
      if (key === "1") field.focus();
      return key === "1";
    }
    const input = question.querySelector(`input[data-digit="${key}"]`);
    if (!input) return false;
    if (input.type === "checkbox") {
      input.checked = !input.checked;
      changed(question);
      return true;
    }
    input.checked = true;
    changed(question);
    step(root, 1);
    return true;
  }

  // ← → choose among the options, or walk through what can be chosen together.
  function sideways(root, by) {
    const question = current(root);
    const options = question ? inputs(question) : [];
    if (!options.length) return false;
    if (options[0].type === "checkbox") {
      const at = options.indexOf(document.activeElement);
      options[Math.min(Math.max(at + by, 0), options.length - 1)].focus();
      return true;
    }
    const at = options.findIndex((one) => one.checked);
    const next = at < 0 ? (by > 0 ? 0 : options.length - 1) : (at + by + options.length) % options.length;
    options[next].checked = true;
    changed(question);
    return true;
  }

  const errorOf = (question) => question.querySelector("[data-error]:not([hidden])")?.textContent || "";

  function putError(question, words) {
    const place = question.querySelector("[data-error]");
    if (!place) return;
    place.textContent = words;
    place.hidden = !words;
  }

  // Which answers are missing or wrong, by the names of their questions.
  function summary(root) {
    const wrong = asked(root).filter(errorOf);
    const names = wrong.slice(0, MOST_NAMED).map((one) => `“${one.querySelector("legend .any").textContent.trim()}”`);
    if (wrong.length > MOST_NAMED) names.push(`${wrong.length - MOST_NAMED} more`);
    const named = names.join(", ");
    if (!wrong.length) return "";
    if (wrong.some((one) => errorOf(one) !== NEEDS)) return `Not right yet: ${named}. Nothing is lost.`;
    return wrong.length === 1 ? `${named} needs an answer.` : `${wrong.length} questions need an answer: ${named}.`;
  }

  // Emptied first: the same words are announced a second time only when they come anew.
  function putSummary(root, words) {
    const place = root.querySelector("[data-form-error]");
    if (!place) return;
    place.textContent = "";
    place.hidden = !words;
    place.dataset.formError = words;
    if (words) requestAnimationFrame(() => (place.textContent = place.dataset.formError));
  }

  // `errors` by key of the question, `words` of none; the first that is wrong becomes the current one.
  function showErrors(root, errors, words = "") {
    for (const question of all(root)) putError(question, errors[question.dataset.question] || "");
    const first = asked(root).find(errorOf);
    if (first) choose(root, first);
    putSummary(root, words || summary(root));
  }

  // Before it is sent: what still needs an answer is said.
  function check(root) {
    const lacking = missing(root);
    showErrors(root, Object.fromEntries(lacking.map((one) => [one.dataset.question, NEEDS])));
    return lacking.length === 0;
  }

  // What was wrong is not said any longer than it is so.
  function mended(root, question) {
    const place = root.querySelector("[data-form-error]");
    if (errorOf(question) !== NEEDS || isAnswered(question)) putError(question, "");
    for (const one of all(root)) if (one.hidden) putError(one, "");
    const words = summary(root);
    if (place && !place.hidden && words !== (place.dataset.formError || place.textContent)) putSummary(root, words);
  }

  // Where the reviewer stands at first: at the first question, or, once something is answered, at the
  // first that still has to be; not at a field then, into which digits that are answers would be typed.
  function beginning(root) {
    const shown = asked(root);
    if (!shown.some(isAnswered)) return shown[0];
    const chosen = shown.filter((one) => !writer(one));
    return chosen.find((one) => missing(root).includes(one)) || chosen[0] || shown[0];
  }

  function begin(root, focus = true) {
    for (const script of root.querySelectorAll("[data-spans-script]")) script.value = "1";
    arrange(root);
    window.desk.marks?.paint(root);
    const first = beginning(root);
    choose(root, first, false);
    if (focus) first?.focus({ preventScroll: true });
  }

  const typing = (target) =>
    target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");

  // Keys of the questions. Returns whether the key was one; `submit` is called for Enter.
  function key(root, event, submit) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      submit();
      return true;
    }
    if (event.key === "Escape" && typing(event.target) && around(root).contains(event.target)) {
      const question = event.target.closest("[data-question]") || current(root) || asked(root)[0];
      const ask = event.target.closest("details.dk-ask");
      if (ask) return false;
      if (question) choose(root, question);
      else event.target.blur();
      return true;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return false;
    if (/^[0-9]$/.test(event.key)) return digit(root, event.key);
    switch (event.key) {
      case "ArrowDown":
        step(root, 1);
        return true;
      case "ArrowUp":
        step(root, -1);
        return true;
      case "ArrowRight":
        return sideways(root, 1);
      case "ArrowLeft":
        return sideways(root, -1);
      case "Enter":
        if (event.target.closest("button, summary, a") && !event.target.closest("[data-submit]")) return false;
        enter(root, event.target, submit);
        return true;
    }
    return false;
  }

  // The answer as it stands, for a correction to begin with.
  function start(root, question) {
    const scope = root.closest("[data-item]") || document;
    const texts = [...scope.querySelectorAll("[data-answer] [data-text]")].map((one) => one.textContent);
    const field = writer(question);
    if (!field.value.trim()) field.value = texts.join("\n");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  }

  document.addEventListener("focusin", (event) => {
    const question = event.target.closest?.("[data-question]");
    if (question && !question.classList.contains("is-now")) choose(question.closest("[data-rubric]"), question, false);
  });
  for (const kind of ["change", "input"]) {
    document.addEventListener(kind, (event) => {
      const question = event.target.closest("[data-question]");
      const root = question?.closest("[data-rubric]");
      if (!root) return;
      arrange(root);
      mended(root, question);
    });
  }
  document.addEventListener("click", (event) => {
    const jump = event.target.closest("[data-to-missing]");
    if (jump) {
      event.preventDefault();
      toMissing(around(jump).querySelector("[data-rubric]"));
    }
    const starter = event.target.closest("[data-start]");
    if (starter) start(starter.closest("[data-rubric]"), starter.closest("[data-question]"));
  });

  // The answer is what is judged: it comes into view, however long what stands before it is.
  function toAnswer(item, unlessSeen = false) {
    const answer = item.querySelector("[data-answer]");
    const pane = answer?.closest(".review-m, .dk-pane") ?? document.documentElement;
    if (!answer) return;
    const [place, window_] = [answer.getBoundingClientRect(), pane.getBoundingClientRect()];
    const bottom = Math.min(window_.bottom, innerHeight);
    if (unlessSeen && place.bottom <= bottom) return;
    const room = bottom - Math.max(window_.top, 0);
    answer.scrollIntoView({ block: unlessSeen && place.height < 0.7 * room ? "end" : "start" });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-to-answer]");
    if (!link) return;
    event.preventDefault();
    toAnswer(link.closest("[data-item]") || document);
    window.say?.("The answer to judge");
  });

  // Keys are letters, whether or not Caps Lock is on; the shell knows the small ones.
  document.addEventListener("keydown", (event) => {
    if (!/^[A-Z]$/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.defaultPrevented || typing(event.target) || document.querySelector("dialog[open]")) return;
    const wanted = document.querySelector(`[data-key="${event.key.toLowerCase()}"]`);
    if (!wanted) return;
    event.preventDefault();
    if (wanted.matches("input, textarea, select")) wanted.focus();
    else wanted.click();
  });

  Object.assign(window.desk, {
    toAnswer,
    form: { all, asked, arrange, begin, check, choose, current, isAnswered, key, missing, showErrors, spansOf, typing, changed },
  });
})();
