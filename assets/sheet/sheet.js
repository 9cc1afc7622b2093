// Draw your own digit: the sheet, the picture as the model sees it, mu and sigma, ten pictures back.
//
// Everything is computed here while the hand moves. When it rests, the drawing goes into the address
// and Python is told.

import { unpackConstants } from "../shared/decode.js";
import { make, setText } from "../shared/dom.js";
import { mount } from "../shared/mount.js";
import { decode, encode, loadModel } from "../shared/network.js";
import { format } from "../shared/words.js";
import { SIDE, asMnist, cellsOf, textOf } from "./mnist.js";

const REACH = 1.15; // of the pen, in cells
const SPAN = 4; // the axis of mu ends at plus and minus this
const REST_MS = 500;
const SVG = "http://www.w3.org/2000/svg";

// ---- what the model makes of it -----------------------------------------------------------------

// mu, sigma, a picture for each eps, and the bound: the mean log p(x|z) over them less the exact KL.
export function answer(model, x, eps) {
  const { mu, sigma } = encode(model, x);
  const pictures = [];
  let reconstruction = 0;
  for (let first = 0; first < eps.length; first += mu.length) {
    const mean = decode(model, mu.map((each, d) => each + sigma[d] * eps[first + d]));
    pictures.push(mean);
    mean.forEach((p, i) => {
      reconstruction += x[i] * Math.log(Math.max(p, 1e-30));
      reconstruction += (1 - x[i]) * Math.log(Math.max(1 - p, 1e-30));
    });
  }
  let kl = 0;
  mu.forEach((each, d) => { kl += (each ** 2 + sigma[d] ** 2 - 1) / 2 - Math.log(sigma[d]); });
  return { mu, sigma, pictures, kl, elbo: reconstruction / pictures.length - kl };
}

function loadStyle(url) {
  if (document.head.querySelector(`link[href="${url}"]`)) return Promise.resolve();
  return new Promise((resolve) => {
    const link = make("link", { rel: "stylesheet", href: url, onload: resolve, onerror: resolve });
    document.head.append(link);
  });
}

// A picture (784,) as ink of the page's own colour.
function ink(canvas, picture) {
  const [red, green, blue] = getComputedStyle(canvas).color.match(/[\d.]+/g).map(Number);
  const context = canvas.getContext("2d");
  const image = context.createImageData(SIDE, SIDE);
  picture.forEach((grey, i) => image.data.set([red, green, blue, Math.round(255 * grey)], 4 * i));
  context.putImageData(image, 0, 0);
}

const small = (label) =>
  make("canvas", { width: SIDE, height: SIDE, role: "img", "aria-label": label });

function shape(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

class Sheet {
  constructor(parent) {
    this.cells = new Uint8Array(SIDE * SIDE);
    this.cursor = [SIDE / 2, SIDE / 2];
    this.pen = 1;
    this.canvas = make("canvas", { width: SIDE, height: SIDE, class: "ttn-ink" });
    this.mark = make("div", { class: "ttn-cursor", hidden: true });
    this.sheet = make("div", { class: "ttn-sheet", tabindex: 0, role: "application",
      "aria-label": "Sheet to draw on, 28 by 28 cells. Arrow keys move, space inks or clears a cell.",
      onpointerdown: (event) => this.begin(event), onpointermove: (event) => this.move(event),
      onpointerup: () => this.end(), onpointercancel: () => this.end(),
      onkeydown: (event) => this.key(event), onfocus: () => this.showCursor(),
      onblur: () => { this.mark.hidden = true; } }, this.canvas, this.mark);
    this.said = make("p", { class: "ttn-sr", role: "status" });
    this.seen = small("The drawing as the model sees it");
    this.bars = shape("svg", { class: "ttn-bars", role: "img", viewBox: "0 0 320 150" });
    this.back = make("div", { class: "ttn-back" });
    this.takeaway = make("p", { class: "ttn-takeaway" });
    const button = (label, act) => make("button", { type: "button", onclick: act }, label);
    this.eraser = button("Eraser", () => this.choosePen(1 - this.pen));
    this.eraser.setAttribute("aria-pressed", "false");
    const buttons = make("div", { class: "ttn-buttons" },
      button("Clear", () => this.put(new Uint8Array(SIDE * SIDE))), this.eraser,
      button("Put a test digit here", () => this.put(cellsOf(this.data.specimen))));
    const figure = (words, ...nodes) => make("figure", {}, ...nodes, make("figcaption", {}, words));
    this.root = make("div", { class: "ttn-sketch ttn-live" },
      make("div", { class: "ttn-parts" },
        figure("your drawing: mouse, finger, or arrow keys and space", this.sheet, buttons),
        figure("x, as the model sees it", this.seen),
        figure("μ ± σ of each of the 20 dimensions; grey band: the prior", this.bars)),
      figure("ten reconstructions, from ten ε", this.back), this.takeaway, this.said);
    parent.append(this.root);
    matchMedia("(prefers-color-scheme: dark)").onchange = () => this.model && this.paint();
  }

  async show({ data, setTriggerValue }) {
    this.tell = setTriggerValue;
    const fresh = data.drawing !== this.told && !this.drawing && !this.timer;
    this.data = data;
    const [model] = await Promise.all([loadModel(data.weights), ...data.css.map(loadStyle)]);
    if (this.data !== data) return;
    this.model = model;
    this.eps = unpackConstants(data.noise).eps;
    this.root.classList.toggle("ttn-presenting", data.present);
    if (fresh) {
      this.cells = cellsOf(data.drawing);
      this.told = data.drawing;
    }
    this.paint();
    this.root.dataset.settled = this.told;
  }

  // ---- the hand -----------------------------------------------------------------------------

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
      .map((part) => part * SIDE);
  }

  begin(event) {
    if (event.button) return;
    this.sheet.setPointerCapture(event.pointerId);
    this.drawing = this.at(event);
    this.stroke(this.drawing, this.drawing);
  }

  move(event) {
    if (!this.drawing) return;
    const to = this.at(event);
    this.stroke(this.drawing, to);
    this.drawing = to;
  }

  end() {
    if (!this.drawing) return;
    this.drawing = null;
    this.settle();
  }

  // Ink, or clear, all cells that the pen's tip touches on its way.
  stroke(from, to) {
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    const steps = Math.max(1, Math.ceil(2 * length));
    for (let i = 0; i <= steps; i += 1) {
      const [x, y] = [0, 1].map((d) => from[d] + (i / steps) * (to[d] - from[d]));
      for (let row = Math.floor(y - REACH); row <= y + REACH; row += 1) {
        for (let column = Math.floor(x - REACH); column <= x + REACH; column += 1) {
          const inside = row >= 0 && row < SIDE && column >= 0 && column < SIDE;
          const touched = Math.hypot(column + 0.5 - x, row + 0.5 - y) <= REACH;
          if (inside && touched) this.cells[row * SIDE + column] = this.pen;
        }
      }
    }
    this.ask();
  }

  key(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const by = moves[event.key];
    if (!by && event.key !== " ") return;
    event.preventDefault();
    if (by) this.cursor = this.cursor.map((at, d) => Math.min(SIDE - 1, Math.max(0, at + by[d])));
    const cell = this.cursor[1] * SIDE + this.cursor[0];
    if (!by || event.shiftKey) {
      this.cells[cell] = by ? this.pen : 1 - this.cells[cell];
      this.ask();
      this.settle();
    }
    this.showCursor();
    const ink = this.cells[cell] ? "inked" : "empty";
    setText(this.said, `Row ${this.cursor[1] + 1}, column ${this.cursor[0] + 1}, ${ink}.`);
  }

  showCursor() {
    this.mark.hidden = !this.sheet.matches(":focus-visible");
    this.mark.style.left = `${(100 * this.cursor[0]) / SIDE}%`;
    this.mark.style.top = `${(100 * this.cursor[1]) / SIDE}%`;
  }

  choosePen(pen) {
    this.pen = pen;
    this.eraser.setAttribute("aria-pressed", String(pen === 0));
  }

  put(cells) {
    this.cells = cells;
    this.choosePen(1);
    this.ask();
    this.settle();
  }

  // ---- the picture --------------------------------------------------------------------------

  ask() {
    this.asked ??= requestAnimationFrame(() => {
      this.asked = null;
      if (this.model) this.paint();
    });
  }

  paint() {
    const x = asMnist(this.cells);
    const found = answer(this.model, x, this.eps);
    this.found = found;
    ink(this.canvas, Array.from(this.cells));
    ink(this.seen, x);
    while (this.back.children.length < found.pictures.length) {
      this.back.append(small(`Reconstruction ${this.back.children.length + 1}`));
    }
    found.pictures.forEach((picture, i) => ink(this.back.children[i], picture));
    this.paintBars(found);
    setText(this.takeaway, this.words(found));
  }

  paintBars({ mu, sigma }) {
    const across = (d) => 8 + (d + 0.5) * (304 / mu.length);
    const up = (value) => 75 - (70 * Math.max(-SPAN, Math.min(SPAN, value))) / SPAN;
    const parts = [shape("rect", { class: "ttn-prior", x: 8, width: 304, y: up(1), height: up(-1) - up(1) })];
    parts.push(shape("line", { class: "ttn-zero", x1: 8, x2: 312, y1: up(0), y2: up(0) }));
    mu.forEach((each, d) => {
      const x = across(d);
      parts.push(shape("line", { class: "ttn-sigma", x1: x, x2: x, y1: up(each - sigma[d]), y2: up(each + sigma[d]) }));
      parts.push(shape("circle", { class: "ttn-mu", cx: x, cy: up(each), r: 3.4 }));
    });
    this.bars.replaceChildren(...parts);
    const numbers = Array.from(mu, (each, d) => `${format(each, ".2f")} ± ${format(sigma[d], ".2f")}`);
    this.bars.setAttribute("aria-label", `μ ± σ: ${numbers.join(", ")}`);
  }

  words({ mu, sigma, kl, elbo }) {
    if (!this.cells.includes(1)) return "An empty sheet. Draw a digit, or put a test digit here.";
    const sure = sigma.indexOf(Math.min(...sigma));
    return `ELBO ≈ ${format(elbo, ".0f")} nats, of which the KL takes ${format(kl, ".1f")}; ` +
      `held-out digits reach ${format(this.data.usual, ".0f")} on average. The encoder is surest of ` +
      `dimension ${sure + 1}: ${format(mu[sure], ".2f")} ± ${format(sigma[sure], ".2f")}.`;
  }

  // The hand rests: the address, then Python.
  settle() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      const text = textOf(this.cells);
      if (text === this.told) return;
      const url = new URL(location.href);
      url.searchParams.set("drawing", text);
      if (text === this.data.specimen) url.searchParams.delete("drawing");
      history.replaceState(history.state, "", url);
      this.told = text;
      this.tell("changed", { drawing: text });
    }, REST_MS);
  }

  remove() {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.asked);
    this.root.remove();
  }
}

export const show = mount(Sheet);
