"use strict";
// Comments: @names are completed to the addresses by which people are mentioned.
window.desk = window.desk || {};
(() => {
  const MOST = 6;
  let open = null; // { area, list, start, found, chosen }
  let people = null;

  function known() {
    if (!people) people = JSON.parse(document.querySelector("[data-people]")?.dataset.people || "[]");
    return people;
  }

  function close() {
    if (!open) return;
    open.list.remove();
    open.area.removeAttribute("aria-activedescendant");
    open.area.removeAttribute("aria-controls");
    open = null;
  }

  function update(area) {
    const before = area.value.slice(0, area.selectionStart);
    const asked = before.match(/(^|[\s(])@([\p{L}\w.+-]{0,40})$/u);
    if (!asked) return close();
    const wanted = asked[2].toLowerCase();
    const found = known()
      .filter((one) => one.email.startsWith(wanted) || ` ${one.name.toLowerCase()}`.includes(` ${wanted}`))
      .slice(0, MOST);
    close();
    if (!found.length) return;
    const list = document.createElement("ul");
    list.className = "dk-people";
    list.id = "dk-people";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "People");
    found.forEach((one, n) => {
      const option = document.createElement("li");
      option.id = `dk-person-${n}`;
      option.setAttribute("role", "option");
      const name = document.createElement("b");
      name.textContent = one.name || one.email;
      option.append(name);
      if (one.name) option.append(` ${one.email}`);
      option.addEventListener("mousedown", (event) => {
        event.preventDefault();
        open.chosen = n;
        take();
      });
      list.append(option);
    });
    area.after(list);
    area.setAttribute("aria-controls", list.id);
    open = { area, list, start: before.length - asked[2].length, found, chosen: 0 };
    mark();
  }

  function mark() {
    [...open.list.children].forEach((one, n) => one.setAttribute("aria-selected", String(n === open.chosen)));
    open.area.setAttribute("aria-activedescendant", `dk-person-${open.chosen}`);
  }

  function take() {
    const { area, start, found, chosen } = open;
    area.setRangeText(`${found[chosen].email} `, start, area.selectionStart, "end");
    close();
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-mentions]")) update(event.target);
  });
  document.addEventListener("focusout", (event) => {
    if (event.target === open?.area) close();
  });
  document.addEventListener(
    "keydown",
    (event) => {
      if (!open || event.target !== open.area || event.ctrlKey || event.metaKey) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        const by = event.key === "ArrowDown" ? 1 : -1;
        open.chosen = (open.chosen + by + open.found.length) % open.found.length;
        mark();
      } else if (event.key === "Enter" || event.key === "Tab") take();
      else if (event.key === "Escape") close();
      else return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );

  // What is written is sent without waiting for the label; then the comments are as they are now.
  function sayNow(item, failed) {
    const { sending } = window.desk;
    const field = item.querySelector("[name=comment]");
    if (!field.value.trim()) return field.focus();
    const body = new FormData();
    body.set("comment", field.value);
    body.set("from", "desk");
    sending.send({
      url: item.querySelector("[data-say]").formAction,
      body,
      done: (answer) => {
        if (answer.status !== 200) return failed(item, answer, "got no comment");
        if (field.value === body.get("comment")) field.value = ""; // not what was typed since
        sending.draft(item);
        let place = item.querySelector(".dk-said");
        if (!place) {
          place = document.createElement("section");
          place.className = "dk-said";
          place.setAttribute("aria-label", "Comments");
          item.querySelector(".review-m").append(place);
        }
        place.innerHTML = answer.html;
        window.say?.("Comment sent.");
      },
    });
  }

  window.desk.sayNow = sayNow;
})();
