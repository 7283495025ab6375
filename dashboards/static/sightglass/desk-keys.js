"use strict";
// What is pressed, clicked and changed on the desk, and what of the work (desk.js) it asks for.
(() => {
  const { form, lease, sending } = window.desk;
  const { now, rubric, submit, undo, aside, lacks, failed } = window.desk.work;
  const desk = document.getElementById("desk");

  const ownReason = (ask) => ask.querySelector("input[name=other], textarea");

  // Heard before the page's own keys: while a reason is asked for, a letter begins one of one's own,
  // and a digit that begins nothing chooses one of those offered.
  document.addEventListener("keydown", (event) => {
    const ask = now()?.querySelector("details.dk-ask[open]");
    if (!ask) return;
    if (isHeld(ask, event)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const plain = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!plain || event.isComposing) return;
    const own = ownReason(ask);
    const begins = event.target === own && !own.value;
    if (form.typing(event.target) && !begins) return;
    const wanted = /^[1-9]$/.test(event.key) && ask.querySelectorAll(".dk-reason")[Number(event.key) - 1];
    if (event.key === " " && !begins) return;
    event.stopPropagation();
    lease.touch();
    if (wanted) {
      event.preventDefault();
      wanted.click();
    } else own.focus();
  }, true);

  // The key that opened it, for as long as it is not let go.
  function isHeld(ask, event) {
    if (!event.repeat) delete ask.dataset.opened;
    return "opened" in ask.dataset;
  }

  // Enter sends from the field of a question to a lead as it does from that of a reason: no letter
  // is written there; Shift begins a line, and what is still composed is ended first. Where it would
  // mean nothing else, it sends, too, so that what is missing is said.
  function sends(event, ask) {
    if (event.key !== "Enter" || event.isComposing) return false;
    if (event.ctrlKey || event.metaKey) return true;
    if (event.target.matches("textarea")) return !event.shiftKey && !event.altKey;
    return !event.target.closest("button, summary, a") && event.target !== ownReason(ask);
  }

  // What the browser itself finds missing is said as the rest is.
  document.addEventListener("invalid", (event) => {
    const asked = event.target.closest("[data-aside]");
    if (!asked) return;
    event.preventDefault();
    lacks(asked);
  }, true);

  function lacksNoMore(ask) {
    ownReason(ask).removeAttribute("aria-invalid");
    ask.querySelector("[data-lacks]").hidden = true;
  }

  document.addEventListener("keydown", (event) => {
    lease.touch();
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const ask = now()?.querySelector("details.dk-ask[open]");
    if (ask && (ask.contains(event.target) || !form.typing(event.target))) {
      if (sends(event, ask)) {
        event.preventDefault();
        if (!event.repeat) ask.querySelector("form").requestSubmit();
      }
      return;
    }
    if (!now() || event.repeat) return;
    if (event.target.closest("header, .nav, .review-h, .dk-trouble, .toasts")) return;
    if (event.key === "PageDown" || event.key === "PageUp") return page(event);
    if (form.key(rubric(), event, submit)) event.preventDefault();
  });

  function page(event) {
    if (form.typing(event.target)) return;
    const pane = now().querySelector(".review-m");
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
    if (!question || !now()?.contains(question)) return;
    now().dataset.begun = "1";
    const ready = form.missing(rubric()).length === 0;
    sending.draft(now());
    // `change` of a writing field comes with leaving it: nobody means to submit with that.
    const choosing = ["boolean", "scale", "choice"].includes(question.dataset.kind);
    if ("atOnce" in desk.dataset && choosing && ready && "required" in question.dataset) {
      const item = now();
      queueMicrotask(() => item === now() && submit());
    }
  });
  document.addEventListener("input", (event) => {
    const ask = event.target.closest("details.dk-ask");
    if (ask) lacksNoMore(ask);
    if (!now()?.contains(event.target) || !event.target.closest("[data-rubric]")) return;
    if (event.target.matches("textarea")) {
      now().dataset.begun = "1";
      sending.draft(now());
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
      if (event.submitter?.matches("[data-say]")) window.desk.sayNow(now(), failed);
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
    // Opened here and not by the browser, so that the very next key is the reason's. The field has the
    // focus, since what is dictated, composed or pasted presses no key that could lead there; but not
    // under a thumb, where the keyboard would come over the reasons.
    const summary = event.target.closest("details.dk-ask > summary");
    if (summary) {
      event.preventDefault();
      const ask = summary.parentElement;
      ask.open = !ask.open;
      ask.dataset.opened = "";
      lacksNoMore(ask);
      if (!ask.open) summary.focus();
      else if (matchMedia("(pointer: coarse)").matches) ask.querySelector(".pop-c").focus();
      else {
        ownReason(ask).focus();
        ask.querySelector("input[name=other]")?.select(); // what is left of a skip that was undone
      }
    }
    const link = event.target.closest("#guide a[href]");
    if (link) link.target = "_blank";
  });
})();
