"use strict";
// Marking ranges of a text: with the mouse, or word by word from the keyboard. Ranges count
// characters (code points), as answers do; here they become places in the page and back.
window.desk = window.desk || {};
(() => {
  const { form } = window.desk;
  const NAME = "desk-marks";
  let at = null; // { root, question, text, words, from, to, label } while marking by keyboard

  const scope = (root) => root.closest("[data-item]") || document;
  const textOf = (root, question) => scope(root).querySelector(`[data-field="${question.dataset.marks}"]`);
  const points = (text) => [...text].length;
  const units = (text, count) => [...text].slice(0, count).join("").length;

  function place(element, unit) {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    let left = unit;
    let node = walker.nextNode();
    while (node) {
      if (left <= node.length) return [node, left];
      left -= node.length;
      const next = walker.nextNode();
      if (!next) return [node, node.length];
      node = next;
    }
    return [element, 0];
  }

  function rangeOf(element, start, end) {
    const range = document.createRange();
    range.setStart(...place(element, start));
    range.setEnd(...place(element, end));
    return range;
  }

  function unitOf(element, node, offset) {
    const before = document.createRange();
    before.selectNodeContents(element);
    before.setEnd(node, offset);
    return before.toString().length;
  }

  function save(root, question, spans) {
    const ordered = spans.toSorted((a, b) => a.start - b.start || a.end - b.end);
    question.querySelector("[data-spans]").value = JSON.stringify(ordered);
    paint(root);
    form.changed(question);
  }

  function add(root, question, startUnit, endUnit, label) {
    const text = textOf(root, question).textContent;
    const [a, b] = [Math.min(startUnit, endUnit), Math.max(startUnit, endUnit)];
    const chosen = text.slice(a, b);
    const begin = a + chosen.length - chosen.trimStart().length;
    const end = b - (chosen.length - chosen.trimEnd().length);
    if (end <= begin) return false;
    const one = { start: points(text.slice(0, begin)), end: points(text.slice(0, end)) };
    if (label) one.label = label;
    const spans = form.spansOf(question);
    const same = (other) => other.start === one.start && other.end === one.end && other.label === one.label;
    if (!spans.some(same)) save(root, question, [...spans, one]);
    window.say?.(`Marked: ${text.slice(begin, end)}`);
    return true;
  }

  function remove(root, question, index) {
    save(root, question, form.spansOf(question).filter((_, n) => n !== index));
  }

  // Chips under the question, and the ranges in the text.
  function paint(root) {
    const ranges = [];
    for (const question of root.querySelectorAll("[data-marks]")) {
      const element = textOf(root, question);
      const list = question.querySelector("[data-chips]");
      if (!list) continue;
      list.replaceChildren();
      const text = element?.textContent ?? "";
      form.spansOf(question).forEach((span, index) => {
        if (typeof span !== "object" || span === null) return;
        const [start, end] = [units(text, span.start), units(text, span.end)];
        if (element) ranges.push(rangeOf(element, start, end));
        const item = document.createElement("li");
        const words = document.createElement("span");
        words.className = "any";
        const passage = text.slice(start, end);
        const short = passage.length > 120 ? `${passage.slice(0, 119)}…` : passage;
        words.textContent = span.label ? `${span.label}: ${short}` : short;
        const button = document.createElement("button");
        button.type = "button";
        button.className = "btn btn-q btn-s btn-i";
        button.textContent = "×";
        button.setAttribute("aria-label", `Remove the mark “${short}”`);
        button.addEventListener("click", () => {
          remove(root, question, index);
          form.choose(root, question);
        });
        item.append(words, button);
        list.append(item);
      });
      if (element) element.classList.add("is-markable");
    }
    if (window.Highlight) CSS.highlights.set(NAME, new Highlight(...ranges));
  }

  // ---- by keyboard
  function begin(root, question, key) {
    const element = textOf(root, question);
    if (!element) return false;
    const labels = [...question.querySelectorAll("[data-label]")];
    const label = labels.find((one) => one.dataset.digit === key)?.dataset.label;
    if (labels.length ? !label : key !== "1") return false;
    const selected = selection(element);
    if (selected && !at) return add(root, question, ...selected, label) && (getSelection().removeAllRanges(), true);
    const words = [...element.textContent.matchAll(/\S+/gu)].map((one) => [one.index, one.index + one[0].length]);
    if (!words.length) return false;
    at = { root, question, element, words, from: 0, to: 0, label };
    element.tabIndex = -1;
    element.classList.add("is-marking");
    element.focus({ preventScroll: true });
    window.say?.("Marking. Left and right choose a word, with Shift more words, Enter marks, Backspace removes, Escape ends.");
    hint(question, true);
    show();
    return true;
  }

  function hint(question, on) {
    let told = question.querySelector("[data-marking]");
    if (!told && on) {
      told = document.createElement("p");
      told.className = "hint";
      told.dataset.marking = "";
      for (const part of ["← →", " word ", "Shift ← →", " more ", "⏎", " mark ", "⌫", " remove ", "Esc", " done"]) {
        const isKey = !part.startsWith(" ");
        const piece = document.createElement(isKey ? "kbd" : "span");
        piece.textContent = part;
        told.append(piece);
      }
      question.querySelector(".dk-marks").append(told);
    }
    if (told) told.hidden = !on;
  }

  function show() {
    const [a, b] = [Math.min(at.from, at.to), Math.max(at.from, at.to)];
    const range = rangeOf(at.element, at.words[a][0], at.words[b][1]);
    const chosen = getSelection();
    chosen.removeAllRanges();
    chosen.addRange(range);
    const box = range.getBoundingClientRect();
    if (box.top < 110 || box.bottom > innerHeight - 40) {
      range.startContainer.parentElement.scrollIntoView({ block: "nearest" });
      const pane = at.element.closest(".review-m");
      if (pane) pane.scrollBy(0, box.top - innerHeight / 2);
    }
  }

  function end() {
    const { root, question, element } = at;
    element.classList.remove("is-marking");
    element.removeAttribute("tabindex");
    hint(question, false);
    at = null;
    getSelection().removeAllRanges();
    form.choose(root, question);
  }

  function move(by, extend) {
    const last = at.words.length - 1;
    at.to = Math.min(Math.max(at.to + by, 0), last);
    if (!extend) at.from = at.to;
    show();
  }

  function removeHere() {
    const text = at.element.textContent;
    const here = points(text.slice(0, at.words[at.to][0]));
    const spans = form.spansOf(at.question);
    const index = spans.findIndex((span) => span.start <= here && here < span.end);
    if (index >= 0) remove(at.root, at.question, index);
    else if (spans.length) remove(at.root, at.question, spans.length - 1);
  }

  const LINE = 8; // words that ↑ and ↓ go by
  // Returns whether the key was for marking.
  function key(event) {
    if (!at) return false;
    if (!at.element.isConnected || document.activeElement !== at.element) {
      at.element.classList.remove("is-marking");
      hint(at.question, false);
      at = null;
      return false;
    }
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      end();
      return false;
    }
    const labels = [...at.question.querySelectorAll("[data-label]")];
    const digit = labels.find((one) => one.dataset.digit === event.key);
    if (digit) at.label = digit.dataset.label;
    if (event.key === "ArrowRight") move(1, event.shiftKey);
    else if (event.key === "ArrowLeft") move(-1, event.shiftKey);
    else if (event.key === "ArrowDown") move(LINE, event.shiftKey);
    else if (event.key === "ArrowUp") move(-LINE, event.shiftKey);
    else if (event.key === "Enter" || digit) {
      const [a, b] = [Math.min(at.from, at.to), Math.max(at.from, at.to)];
      add(at.root, at.question, at.words[a][0], at.words[b][1], at.label);
      show();
    } else if (event.key === "Backspace" || event.key === "Delete") removeHere();
    else if (event.key === "Escape" || event.key === "Tab") end();
    else return !event.ctrlKey && !event.metaKey && event.key.length === 1;
    return event.key !== "Tab";
  }

  // Before all other keys of the page: letters mean nothing while somebody marks.
  document.addEventListener(
    "keydown",
    (event) => {
      if (!key(event)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );

  // ---- with the mouse
  function selection(element) {
    const chosen = getSelection();
    if (!chosen.rangeCount || chosen.isCollapsed) return null;
    const range = chosen.getRangeAt(0);
    if (!element.contains(range.startContainer) || !element.contains(range.endContainer)) return null;
    return [
      unitOf(element, range.startContainer, range.startOffset),
      unitOf(element, range.endContainer, range.endOffset),
    ];
  }

  function questionFor(element) {
    const root = document.querySelector("[data-rubric]");
    if (!root) return [null, null];
    const fitting = form.asked(root).filter((one) => one.dataset.marks === element.dataset.field);
    const now = fitting.find((one) => one.classList.contains("is-now"));
    return [root, now || fitting[0]];
  }

  document.addEventListener("mouseup", (event) => {
    const element = event.target.closest?.("[data-field]");
    if (!element || at) return;
    const [root, question] = questionFor(element);
    const selected = question && selection(element);
    if (!selected) return;
    form.choose(root, question, false);
    const labels = question.querySelectorAll("[data-label]");
    if (labels.length > 1) return; // the label's button or digit marks
    if (add(root, question, ...selected, labels[0]?.dataset.label)) getSelection().removeAllRanges();
  });

  document.addEventListener("mousedown", (event) => {
    if (event.target.closest("[data-label]")) event.preventDefault(); // keeps what is selected
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-label], [data-mark]");
    if (!button) return;
    const root = button.closest("[data-rubric]");
    const question = button.closest("[data-question]");
    form.choose(root, question, false);
    begin(root, question, button.dataset.digit || "1");
  });

  window.desk.marks = { begin, paint };
})();
