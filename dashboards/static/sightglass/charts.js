// Draws the charts of a page with Plotly, which is fetched once and only where there is a chart.
// Each says its figure in data-figure, and what light and dark lay over it in data-light and
// data-dark: a template, and the colours to put in place of others.

const PLOTLY = document.currentScript.dataset.plotly;
const CONFIG = { displayModeBar: false, responsive: true, showTips: false };
// The bundle adds styles of a map library unless something has this id; our policy would refuse.
const MAPS = "9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53";
let fetching = null;

function plotly() {
  fetching ??= new Promise((resolve, reject) => {
    const stand = document.createElement("template");
    stand.id = MAPS;
    const script = document.createElement("script");
    script.src = PLOTLY;
    script.onload = () => resolve(window.Plotly);
    script.onerror = reject;
    document.head.append(stand, script);
  });
  return fetching;
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

// The figure with each colour replaced that has another one in this theme.
function coloured(value, colours) {
  if (typeof value === "string") return colours[value] ?? value;
  if (Array.isArray(value)) return value.map((each) => coloured(each, colours));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, coloured(each, colours)]));
}

function figureOf(element) {
  const look = JSON.parse(isDark() ? element.dataset.dark : element.dataset.light);
  const figure = JSON.parse(element.dataset.figure);
  const { data, layout } = Object.keys(look.colours).length ? coloured(figure, look.colours) : figure;
  return [data, { ...layout, template: look.template, height: element.clientHeight }];
}

// Where a click leads: the address of the bar, or the series' with the time of the step.
function door(point, step) {
  const meta = point.data.meta;
  if (!meta) return "";
  if (meta.urls) return meta.urls[point.pointNumber] ?? "";
  if (!meta.url || !step) return meta.url ?? "";
  const start = Date.parse(`${String(point.x).replace(" ", "T").replace(/Z?$/, "")}Z`);
  const iso = (ms) => new Date(ms).toISOString().slice(0, 19);
  const url = new URL(meta.url, location.href);
  url.searchParams.delete("range");
  url.searchParams.set("from", iso(start));
  url.searchParams.set("to", iso(start + step));
  return url.href;
}

async function draw(element) {
  if (element.dataset.drawn) return;
  element.dataset.drawn = "1";
  try {
    const library = await plotly();
    const [data, layout] = figureOf(element);
    await library.newPlot(element, data, layout, CONFIG);
    if (data.some((trace) => trace.meta)) element.classList.add("has-doors");
    element.on("plotly_click", (event) => {
      const wanted = event.points.map((point) => door(point, layout.meta?.step)).find(Boolean);
      if (wanted) location.assign(wanted);
    });
  } catch (error) {
    element.classList.add("is-broken");
    element.textContent = "The chart could not be drawn. Its data is in the table below.";
    console.error(error);
  }
}

async function drawAll() {
  for (const element of document.querySelectorAll("[data-figure]:not([data-drawn])")) {
    await draw(element);
  }
}

async function again() {
  const drawn = document.querySelectorAll("[data-figure].js-plotly-plot");
  if (!drawn.length) return;
  const library = await plotly();
  for (const element of drawn) await library.react(element, ...figureOf(element), CONFIG);
}

document.addEventListener("htmx:afterSettle", drawAll);
document.addEventListener("htmx:beforeCleanupElement", (event) => {
  if (event.detail.elt.matches?.("[data-figure].js-plotly-plot")) window.Plotly.purge(event.detail.elt);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
new MutationObserver(again).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
drawAll();

// Short addresses: no space at the end that completion left, nothing that is empty.
document.addEventListener("submit", (event) => {
  if (!event.target.closest(".dash-bar")) return;
  for (const field of event.target.querySelectorAll("input[name]")) {
    field.value = field.value.trim();
    field.disabled = !field.value;
  }
});
window.addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll(".dash-bar input[disabled]")) field.disabled = false;
});
