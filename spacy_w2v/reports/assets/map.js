/* The map of words, drawn on a canvas: dots, labels that do not overlap, panning and zooming. */

const LABEL_HEIGHT = 15;
const MOST_LABEL_LETTERS = 24;
const FONT = '12.5px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif';
const CELL = 64;
const MARGIN = 240;

function numbers(base64, kind) {
  return new kind(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer);
}

class WordMap {
  /** Draw `data` on a canvas. `changed` is called with the index of the word below the pointer, or -1. */
  constructor(canvas, data) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.words = data.words;
    this.size = data.n;
    const places = numbers(data.places, Uint16Array);
    this.x = Float32Array.from({ length: this.size }, (_, i) => places[2 * i] / 65535);
    this.y = Float32Array.from({ length: this.size }, (_, i) => places[2 * i + 1] / 65535);
    this.labels = this.words.slice(0, this.size).map((word) => {
      const letters = [...word];
      return letters.length > MOST_LABEL_LETTERS ? letters.slice(0, MOST_LABEL_LETTERS).join("") + "…" : word;
    });
    this.widths = new Float32Array(this.size);
    this.radii = Float32Array.from({ length: this.size }, (_, i) => 1.7 + 2.3 * (1 - Math.log(i + 1) / Math.log(this.size + 1)));
    this.chosen = -1;
    this.near = [];
    this.over = -1;
    this.matches = null;
    this.labelScale = 0;
    this.shown = [];
    this.dots = [];
    this.drawn = document.createElement("canvas");
    this.pending = false;
    this.fit();
  }

  /** Read the colours of the page, and draw again. */
  recolour() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    this.colours = { dot: colour("--dot"), ink: colour("--ink"), soft: colour("--soft"), card: colour("--card"), accent: colour("--accent") };
    this.dots = [];
    this.redraw();
  }

  /** Follow the size of the canvas on the screen, and keep the middle in the middle. */
  resize() {
    const { clientWidth, clientHeight } = this.canvas;
    const ratio = Math.min(window.devicePixelRatio || 1, 3);
    if (!clientWidth || (clientWidth === this.width && clientHeight === this.height && ratio === this.ratio)) return;
    this.width = clientWidth;
    this.height = clientHeight;
    this.ratio = ratio;
    this.canvas.width = Math.round(clientWidth * ratio);
    this.canvas.height = Math.round(clientHeight * ratio);
    this.dots = [];
    this.redraw();
  }

  /** Show all words, save the outermost few. */
  fit() {
    const range = (values) => {
      const sorted = Float32Array.from(values).sort();
      const margin = Math.floor(sorted.length * 0.003);
      return [sorted[margin], sorted[sorted.length - 1 - margin]];
    };
    const [left, right] = range(this.x);
    const [top, bottom] = range(this.y);
    this.box = { width: Math.max(right - left, 1e-4), height: Math.max(bottom - top, 1e-4) };
    this.view = { x: (left + right) / 2, y: (top + bottom) / 2, zoom: 1 };
    this.drawnFor = "";
    this.redraw();
  }

  get scale() {
    const margin = Math.min(44, this.width / 12);
    const base = Math.min((this.width - 2 * margin) / this.box.width, (this.height - 2 * margin) / this.box.height);
    return Math.max(base, 50) * this.view.zoom;
  }

  toScreen(i) {
    const scale = this.scale;
    return [(this.x[i] - this.view.x) * scale + this.width / 2, (this.y[i] - this.view.y) * scale + this.height / 2];
  }

  pan(dx, dy) {
    const scale = this.scale;
    const { x, y, zoom } = this.view;
    this.view = { x: Math.min(1.1, Math.max(-0.1, x - dx / scale)), y: Math.min(1.1, Math.max(-0.1, y - dy / scale)), zoom };
    this.redraw();
  }

  /** Zoom by a factor, and keep the place at (px, py) where it is. */
  zoomBy(factor, px = this.width / 2, py = this.height / 2) {
    const before = this.scale;
    const zoom = Math.min(60, Math.max(0.6, this.view.zoom * factor));
    const { x, y } = this.view;
    this.view = { x, y, zoom };
    const change = 1 / before - 1 / this.scale;
    this.view = { x: x + (px - this.width / 2) * change, y: y + (py - this.height / 2) * change, zoom };
    this.redraw();
  }

  /** Move smoothly until word i is in the middle. */
  flyTo(i, zoom) {
    const from = this.view;
    const to = { x: this.x[i], y: this.y[i], zoom };
    const started = performance.now();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    cancelAnimationFrame(this.flight);
    const step = (now) => {
      const part = still ? 1 : Math.min(1, (now - started) / 450);
      const eased = 1 - (1 - part) ** 3;
      const between = (a, b) => a + (b - a) * eased;
      this.view = { x: between(from.x, to.x), y: between(from.y, to.y), zoom: from.zoom * (to.zoom / from.zoom) ** eased };
      this.redraw();
      if (part < 1) this.flight = requestAnimationFrame(step);
    };
    step(still ? started : performance.now());
  }

  choose(i, near) {
    this.chosen = i;
    this.near = near;
    this.redraw();
  }

  /** Return the index of the word next to a point of the screen, or -1. */
  at(px, py, reach) {
    const scale = this.scale;
    const wx = (px - this.width / 2) / scale + this.view.x;
    const wy = (py - this.height / 2) / scale + this.view.y;
    let best = -1;
    let least = (reach / scale) ** 2;
    for (let i = 0; i < this.size; i++) {
      const distance = (this.x[i] - wx) ** 2 + (this.y[i] - wy) ** 2;
      if (distance < least) [best, least] = [i, distance];
    }
    if (best >= 0) return best;
    return this.shown.find((i) => {
      const [x, y] = this.toScreen(i);
      return Math.abs(px - x) < this.widths[i] / 2 && py > y - this.radii[i] - LABEL_HEIGHT - 3 && py < y;
    }) ?? -1;
  }

  redraw() {
    if (this.pending || !this.colours || !this.width) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.draw();
    });
  }

  draw() {
    const { context, colours } = this;
    const focused = this.chosen >= 0 || this.matches !== null;
    const [x, y] = this.ground(focused);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.drawImage(this.drawn, x, y, this.width + 2 * MARGIN, this.height + 2 * MARGIN);
    context.font = FONT;
    context.textAlign = "center";
    if (this.matches) this.drawMarked(this.matches);
    if (this.chosen >= 0) this.drawChosen();
    if (this.over >= 0) this.ring(this.over, colours.ink);
  }

  /**
   * Draw dots and labels on a canvas that is larger than the window, unless they are there already. Panning then only
   * moves that canvas. Return where its corner is.
   */
  ground(focused) {
    const scale = this.scale;
    const key = [scale, focused, this.width, this.height, this.ratio, Object.values(this.colours)].join();
    const whole = (offset) => Math.round(offset * this.ratio) / this.ratio - MARGIN; // of pixels, so that texts stay sharp
    const corner = () => [whole((this.drawnAt.x - this.view.x) * scale), whole((this.drawnAt.y - this.view.y) * scale)];
    if (key === this.drawnFor) {
      const place = corner();
      if (place.every((offset) => Math.abs(offset + MARGIN) <= MARGIN)) return place;
    }
    this.drawn.width = Math.round((this.width + 2 * MARGIN) * this.ratio);
    this.drawn.height = Math.round((this.height + 2 * MARGIN) * this.ratio);
    this.drawnFor = key;
    this.drawnAt = { x: this.view.x, y: this.view.y };
    const screen = this.context;
    this.context = this.drawn.getContext("2d");
    this.context.setTransform(this.ratio, 0, 0, this.ratio, MARGIN * this.ratio, MARGIN * this.ratio);
    this.context.font = FONT;
    this.context.textAlign = "center";
    this.drawDots(focused ? 0.28 : 0.55);
    this.placeLabels();
    this.context.globalAlpha = focused ? 0.42 : 1;
    for (const i of this.shown) this.label(i, this.colours.ink, "");
    this.context = screen;
    return corner();
  }

  /** Whether a place on the screen is in the window, or so near that what is drawn there can be seen. */
  isNear(x, y, margin) {
    return x > -margin - MARGIN && y > -margin - MARGIN && x < this.width + margin + MARGIN && y < this.height + margin + MARGIN;
  }

  /** Draw all dots, from pictures of a few sizes: paths of thousands of circles would take ten times as long. */
  drawDots(opacity) {
    const { context } = this;
    const scale = this.scale;
    const room = Math.min(1, Math.max(0.6, Math.sqrt(this.width * this.height) / 650));
    const growth = room * Math.min(1.7, this.view.zoom ** 0.25);
    const [left, top] = [this.view.x * scale - this.width / 2, this.view.y * scale - this.height / 2];
    context.globalAlpha = opacity;
    for (let i = this.size - 1; i >= 0; i--) {
      const x = this.x[i] * scale - left;
      const y = this.y[i] * scale - top;
      if (!this.isNear(x, y, 8)) continue;
      const dot = this.dotOf(this.radii[i] * growth);
      context.drawImage(dot.picture, x - dot.half, y - dot.half, 2 * dot.half, 2 * dot.half);
    }
    context.globalAlpha = 1;
  }

  /** Return the picture of a dot of about this radius. */
  dotOf(radius) {
    const size = Math.round(radius * 3);
    if (this.dots[size]) return this.dots[size];
    const half = Math.ceil(size / 3 + 1);
    const picture = document.createElement("canvas");
    picture.width = picture.height = 2 * half * this.ratio;
    const context = picture.getContext("2d");
    context.scale(this.ratio, this.ratio);
    context.fillStyle = this.colours.dot;
    context.arc(half, half, size / 3, 0, 6.2832);
    context.fill();
    return (this.dots[size] = { picture, half });
  }

  /** Choose the words whose labels have room at this scale, frequent words first. Panning does not change them. */
  placeLabels() {
    const scale = this.scale;
    if (Math.abs(Math.log(scale / (this.labelScale || 1))) < 0.02) return;
    this.labelScale = scale;
    this.shown = [];
    const taken = new Map();
    for (let i = 0; i < this.size; i++) {
      this.widths[i] ||= this.context.measureText(this.labels[i]).width;
      const [x, y] = [this.x[i] * scale, this.y[i] * scale];
      const box = [x - this.widths[i] / 2 - 5, y - LABEL_HEIGHT - 7, x + this.widths[i] / 2 + 5, y + 3];
      if (!this.isFree(taken, box)) continue;
      this.shown.push(i);
      this.take(taken, box);
    }
  }

  *cellsOf([left, top, right, bottom]) {
    for (let column = Math.floor(left / CELL); column <= Math.floor(right / CELL); column++) {
      for (let row = Math.floor(top / CELL); row <= Math.floor(bottom / CELL); row++) yield column * 65536 + row;
    }
  }

  take(taken, box) {
    for (const key of this.cellsOf(box)) taken.has(key) ? taken.get(key).push(box) : taken.set(key, [box]);
  }

  isFree(taken, box) {
    for (const key of this.cellsOf(box)) {
      for (const other of taken.get(key) ?? []) {
        if (box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]) return false;
      }
    }
    return true;
  }

  label(i, colour, weight) {
    const { context } = this;
    const [x, y] = this.toScreen(i);
    if (!this.isNear(x, y, 90)) return;
    const above = y - this.radii[i] - 4;
    if (weight) context.font = `${weight} ${FONT}`;
    context.lineWidth = 3;
    context.lineJoin = "round";
    context.strokeStyle = this.colours.card;
    context.strokeText(this.labels[i], x, above);
    context.fillStyle = colour;
    context.fillText(this.labels[i], x, above);
    if (weight) context.font = FONT;
  }

  spot(i, radius, colour) {
    const [x, y] = this.toScreen(i);
    this.context.fillStyle = colour;
    this.context.beginPath();
    this.context.arc(x, y, radius, 0, 6.2832);
    this.context.fill();
  }

  ring(i, colour) {
    const [x, y] = this.toScreen(i);
    this.context.strokeStyle = colour;
    this.context.lineWidth = 1.5;
    this.context.beginPath();
    this.context.arc(x, y, this.radii[i] + 4, 0, 6.2832);
    this.context.stroke();
  }

  drawMarked(list) {
    for (const i of list) this.spot(i, this.radii[i] + 1, this.colours.accent);
    this.drawStrong(list.slice(0, 100));
  }

  /** Draw labels in bold, the first ones first, and leave out those that would cover others. */
  drawStrong(list) {
    const taken = new Map();
    this.context.font = `600 ${FONT}`;
    for (const i of list) {
      const half = this.context.measureText(this.labels[i]).width / 2 + 3;
      const [x, y] = this.toScreen(i);
      if (!this.isNear(x, y, 0)) continue;
      const box = [x - half, y - this.radii[i] - LABEL_HEIGHT - 3, x + half, y - this.radii[i] - 3];
      if (!this.isFree(taken, box)) continue;
      this.take(taken, box);
      this.label(i, i === this.chosen ? this.colours.accent : this.colours.ink, i === this.chosen ? "700" : "600");
    }
    this.context.font = FONT;
  }

  drawChosen() {
    const { context, colours, chosen } = this;
    const [x, y] = this.toScreen(chosen);
    context.strokeStyle = colours.accent;
    context.lineWidth = 1.2;
    context.globalAlpha = 0.45;
    context.beginPath();
    for (const i of this.near) {
      context.moveTo(x, y);
      context.lineTo(...this.toScreen(i));
    }
    context.stroke();
    context.globalAlpha = 1;
    for (const i of this.near) this.spot(i, this.radii[i] + 1, colours.accent);
    this.spot(chosen, this.radii[chosen] + 2.5, colours.accent);
    this.ring(chosen, colours.accent);
    this.drawStrong([chosen, ...this.near]);
  }
}
