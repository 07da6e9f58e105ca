/* What a reader does with the page: search, hover, click, touch and keys. Words are texts, never markup. */

const data = JSON.parse(document.getElementById("map-data").textContent);
const world = document.querySelector(".world");
const canvas = world.querySelector("canvas");
const map = new WordMap(canvas, data);
const near = numbers(data.near, data.wide ? Uint32Array : Uint16Array);
const similarities = numbers(data.similarities, Int8Array);
const commas = new Intl.NumberFormat("en");
const folded = data.words.slice(0, data.n).map((word) => word.toLowerCase());

function element(name, text = "", attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made;
}

function neighboursOf(i) {
  return Array.from({ length: data.k }, (_, j) => [near[i * data.k + j], similarities[i * data.k + j] / 100]);
}

function described(i) {
  const count = data.counts ? `, ${commas.format(data.counts[i])} ${data.counts[i] === 1 ? "time" : "times"}` : "";
  return `rank ${commas.format(data.ranks ? data.ranks[i] : i + 1)}${count}`;
}

// A chosen word, and the list of its neighbours.

const title = document.getElementById("chosen-word");
const about = document.getElementById("chosen-about");
const list = document.getElementById("chosen-neighbours");

function choose(i, fly = false) {
  const found = neighboursOf(i);
  map.choose(i, found.map(([word]) => word).filter((word) => word < data.n));
  if (fly) map.flyTo(i, Math.max(map.view.zoom, 2.2));
  title.replaceChildren(element("bdi", data.words[i]));
  about.textContent = `${described(i)[0].toUpperCase()}${described(i).slice(1)}. Nearest of all ${commas.format(data.total)} words:`;
  list.replaceChildren(...found.map(([word, similarity]) => {
    const item = element("li");
    const name = element("bdi", data.words[word]);
    if (word < data.n) {
      const button = element("button", "", { type: "button" });
      button.append(name);
      button.addEventListener("click", () => choose(word, true));
      item.append(button);
    } else {
      item.append(name);
    }
    const track = element("span", "", { class: "track", "aria-hidden": "true" });
    const bar = element("i");
    bar.style.width = `${Math.max(0, similarity) * 100}%`;
    track.append(bar);
    item.append(element("span", similarity.toFixed(2), { class: "value" }), track);
    return item;
  }));
}

// Search: a combobox with the words that begin with the letters, then those that have them inside.

const input = document.getElementById("search");
const options = document.getElementById("search-options");
const announced = document.getElementById("search-status");
let matching = [];
let active = -1;

function search() {
  const wanted = input.value.trim().toLowerCase();
  const all = [];
  if (wanted) folded.forEach((word, i) => word.includes(wanted) && all.push(i));
  const place = (i) => (folded[i] === wanted ? 0 : folded[i].startsWith(wanted) ? 1 : 2);
  matching = [...all].sort((a, b) => place(a) - place(b) || a - b).slice(0, 8);
  active = -1;
  map.matches = wanted ? all.slice(0, 400) : null;
  map.redraw();
  options.replaceChildren(...matching.map((i, number) => {
    const item = element("li", "", { role: "option", id: `option-${number}`, "aria-selected": "false" });
    item.append(element("bdi", data.words[i]));
    item.addEventListener("pointerdown", (event) => event.preventDefault());
    item.addEventListener("click", () => pick(i));
    return item;
  }));
  const isOpen = matching.length > 0;
  options.hidden = !isOpen;
  input.setAttribute("aria-expanded", String(isOpen));
  input.removeAttribute("aria-activedescendant");
  const missing = "no such word on the map";
  announced.textContent = !wanted ? "" : isOpen ? `${commas.format(all.length)} ${all.length === 1 ? "word" : "words"}` : missing;
}

function close() {
  options.hidden = true;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
  active = -1;
}

function pick(i) {
  input.value = data.words[i];
  map.matches = null;
  close();
  choose(i, true);
  announced.textContent = "";
}

function activate(number) {
  active = (number + matching.length) % matching.length;
  [...options.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === active)));
  input.setAttribute("aria-activedescendant", `option-${active}`);
}

input.addEventListener("input", search);
input.addEventListener("blur", close);
input.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    input.value = "";
    search();
  } else if (event.key === "Enter" && matching.length) {
    pick(matching[Math.max(active, 0)]);
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && matching.length && !options.hidden) {
    activate(event.key === "ArrowDown" ? active + 1 : active < 0 ? matching.length - 1 : active - 1);
  } else return;
  event.preventDefault();
});

// The pointer: hover, click, drag, two fingers. The wheel zooms with Ctrl or Cmd only, so that the page can be scrolled.

const tip = document.querySelector(".tip");
const hint = document.querySelector(".hint");
const pointers = new Map();
let moved = 0;
let hiding;

function tell(text) {
  hint.textContent = text;
  hint.classList.add("shown");
  clearTimeout(hiding);
  hiding = setTimeout(() => hint.classList.remove("shown"), 1400);
}

function hover(i) {
  if (i === map.over && i < 0) return;
  map.over = i;
  world.classList.toggle("over", i >= 0);
  tip.hidden = i < 0;
  if (i >= 0) {
    tip.replaceChildren(element("bdi", data.words[i]), element("span", ` ${described(i)}`));
    const [x, y] = map.toScreen(i);
    const left = Math.min(Math.max(x - tip.offsetWidth / 2, 6), map.width - tip.offsetWidth - 6);
    tip.style.transform = `translate(${left}px, ${y + 14 + tip.offsetHeight > map.height ? y - tip.offsetHeight - 12 : y + 14}px)`;
  }
  map.redraw();
}

function middle() {
  const all = [...pointers.values()];
  const [a, b] = [all[0], all[1] ?? all[0]];
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, distance: Math.hypot(a.x - b.x, a.y - b.y) };
}

canvas.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  if (event.pointerType === "mouse") canvas.setPointerCapture(event.pointerId);
  if (pointers.size === 1) moved = 0;
});
canvas.addEventListener("pointermove", (event) => {
  const pointer = pointers.get(event.pointerId);
  if (!pointer) {
    if (event.pointerType === "mouse") hover(map.at(event.offsetX, event.offsetY, 12));
    return;
  }
  const before = middle();
  moved += Math.hypot(event.offsetX - pointer.x, event.offsetY - pointer.y);
  pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  if (event.pointerType !== "mouse" && pointers.size < 2) return;
  const after = middle();
  if (moved > 4) {
    hover(-1);
    world.classList.add("dragging");
  }
  map.pan(after.x - before.x, after.y - before.y);
  if (before.distance > 0 && after.distance > 0) map.zoomBy(after.distance / before.distance, after.x, after.y);
});
function released(event) {
  pointers.delete(event.pointerId);
  world.classList.remove("dragging");
}
canvas.addEventListener("pointercancel", released);
canvas.addEventListener("pointerup", (event) => {
  if (!pointers.has(event.pointerId)) return;
  const wasAlone = pointers.size === 1;
  released(event);
  const i = map.at(event.offsetX, event.offsetY, event.pointerType === "mouse" ? 12 : 24);
  if (wasAlone && moved < 6 && i >= 0) choose(i);
});
canvas.addEventListener("pointerleave", () => hover(-1));
canvas.addEventListener("touchmove", (event) => {
  if (event.touches.length > 1) event.preventDefault();
  else tell("Move the map with two fingers");
}, { passive: false });
canvas.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !event.metaKey) return tell(`Hold ${/Mac/.test(navigator.platform) ? "⌘" : "Ctrl"} to zoom with the wheel`);
  event.preventDefault();
  const lines = event.deltaMode === 1 ? 24 : 1;
  map.zoomBy(Math.exp(-Math.max(-60, Math.min(60, event.deltaY * lines)) * 0.006), event.offsetX, event.offsetY);
}, { passive: false });
canvas.addEventListener("dblclick", (event) => map.zoomBy(2, event.offsetX, event.offsetY));

const KEYS = {
  ArrowLeft: () => map.pan(60, 0),
  ArrowRight: () => map.pan(-60, 0),
  ArrowUp: () => map.pan(0, 60),
  ArrowDown: () => map.pan(0, -60),
  "+": () => map.zoomBy(1.4),
  "=": () => map.zoomBy(1.4),
  "-": () => map.zoomBy(1 / 1.4),
  0: () => map.fit(),
};
canvas.addEventListener("keydown", (event) => {
  if (!KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  KEYS[event.key]();
});
document.getElementById("zoom-in").addEventListener("click", KEYS["+"]);
document.getElementById("zoom-out").addEventListener("click", KEYS["-"]);
document.getElementById("zoom-fit").addEventListener("click", KEYS[0]);

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => map.recolour());
for (const name of ["beforeprint", "afterprint"]) {
  addEventListener(name, () => {
    document.querySelectorAll("details").forEach((block) => block.toggleAttribute("open", name === "beforeprint"));
    map.recolour();
    map.draw();
  });
}
new ResizeObserver(() => map.resize()).observe(canvas);
map.resize();
map.recolour();
choose(data.first);
