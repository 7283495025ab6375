// Datasets: ticking all items of a page, and one more field for a document.
document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-ticking]");
  if (!form) return;
  const boxes = [...form.querySelectorAll("input[name=number]")];
  if (event.target.matches("[data-all]")) {
    for (const box of boxes) box.checked = event.target.checked;
  }
  const ticked = boxes.filter((box) => box.checked).length;
  const all = form.querySelector("[data-all]");
  if (all) {
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  }
  for (const box of boxes) box.closest("tr").setAttribute("aria-selected", String(box.checked));
  const said = form.querySelector("[data-ticked]");
  if (said) said.textContent = ticked ? `${ticked} ticked:` : "Ticked items:";
});

document.addEventListener("click", (event) => {
  const adder = event.target.closest("[data-adds]");
  if (!adder) return;
  const list = document.getElementById(adder.dataset.adds);
  const last = [...list.querySelectorAll(".field")].pop();
  const number = list.querySelectorAll(".field").length + 1;
  const field = last.cloneNode(true);
  const text = field.querySelector("textarea");
  const label = field.querySelector("label");
  text.value = "";
  text.id = `${adder.dataset.adds}-${number}`;
  label.htmlFor = text.id;
  label.textContent = `Text ${number}`;
  last.after(field);
  text.focus();
});
