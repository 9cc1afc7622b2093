// Draw your own digit: the sheet, the picture as the model sees it, mu and sigma, and ten pictures
// back. Everything is computed here while the hand moves. When it rests, the drawing goes into the
// address and Python is told.

import { apology } from "../shared/apology.js";
import { unpackConstants } from "../shared/decode.js";
import { make, makeSvg, setText } from "../shared/dom.js";
import { mayTell } from "../shared/leaving.js";
import { loadStyle } from "../shared/load.js";
import { mount } from "../shared/mount.js";
import { loadModel } from "../shared/network.js";
import { format } from "../shared/words.js";
import { answer } from "./answer.js";
import { SIDE, asMnist, cellsOf, textOf } from "./mnist.js";
import { ink, paintBars, small } from "./pictures.js";

/** @import { Component } from "../types" */
/** @import { Model } from "../shared/network.js" */
/** @import { Answer } from "./answer.js" */

/**
 * @typedef {object} Payload
 * @property {string} weights
 * @property {{ eps: { f8: string } }} noise
 * @property {string[]} css
 * @property {string} drawing
 * @property {string} specimen
 * @property {number} usual
 * @property {boolean} present
 */

const LABEL = "Sheet to draw on, 28 by 28 cells. Arrow keys move, space inks or clears a cell.";
const NO_MODEL = "The trained model could not be loaded, so nothing comes of a drawing yet.";
const REACH = 1.15; // of the pen, in cells
const REST_MS = 500;

/** @param {string} label
 * @param {() => void} act */
const button = (label, act) => make("button", { type: "button", onclick: act }, label);

/** @param {string} words
 * @param {...Node} nodes */
const figure = (words, ...nodes) => make("figure", {}, ...nodes, make("figcaption", {}, words));

class Sheet {
  /** @type {Uint8Array} */
  cells = new Uint8Array(SIDE * SIDE);
  /** Column and row. */
  cursor = [SIDE / 2, SIDE / 2];
  /** What the pen leaves: 1 is ink, 0 clears. */
  pen = 1;
  /** Where the pen is, in cells, while it is down.
   * @type {number[] | null} */
  drawing = null;
  /** The drawing that Python knows, as text. */
  told = "";
  /** @type {Component<Payload>["setTriggerValue"]} */
  tell = () => {};
  /** @type {Payload} */
  data = /** @type {any} */ (null);
  /** @type {Model | null} */
  model = null;
  /** @type {Float64Array} */
  eps = new Float64Array();
  ending = new AbortController();
  /** @type {number | null} */
  asked = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer;

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.canvas = make("canvas", { width: SIDE, height: SIDE, class: "ttn-ink" });
    this.mark = make("div", { class: "ttn-cursor", hidden: true });
    this.sheet = make("div", { class: "ttn-sheet", tabindex: 0, role: "application",
      "aria-label": LABEL,
      onpointerdown: (/** @type {PointerEvent} */ event) => this.begin(event),
      onpointermove: (/** @type {PointerEvent} */ event) => this.move(event),
      onpointerup: () => this.end(), onpointercancel: () => this.end(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
      onfocus: () => this.showCursor(), onblur: () => { this.mark.hidden = true; },
    }, this.canvas, this.mark);
    this.said = make("p", { class: "ttn-sr", role: "status" });
    this.seen = small("The drawing as the model sees it");
    this.bars = makeSvg("svg", { class: "ttn-bars", role: "img", viewBox: "0 0 320 150" });
    this.back = make("div", { class: "ttn-back" });
    this.takeaway = make("p", { class: "ttn-takeaway" });
    this.eraser = button("Eraser", () => this.choosePen(1 - this.pen));
    this.eraser.setAttribute("aria-pressed", "false");
    const buttons = make("div", { class: "ttn-buttons" },
      button("Clear", () => this.put(new Uint8Array(SIDE * SIDE))), this.eraser,
      button("Put a test digit here", () => this.put(cellsOf(this.data.specimen))));
    this.root = make("div", { class: "ttn-sketch ttn-live" },
      make("div", { class: "ttn-parts" },
        figure("your drawing: mouse, finger, or arrow keys and space", this.sheet, buttons),
        figure("x, as the model sees it", this.seen),
        figure("μ ± σ of each of the 20 dimensions; grey band: the prior", this.bars)),
      figure("ten reconstructions, from ten ε", this.back), this.takeaway, this.said);
    parent.append(this.root);
    const { signal } = this.ending;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.paint(), { signal });
  }

  /** @param {Component<Payload>} component */
  async show(component) {
    const { data } = component;
    this.tell = component.setTriggerValue;
    const fresh = data.drawing !== this.told && !this.drawing && !this.timer;
    this.data = data;
    const [model] = await Promise.all([
      loadModel(data.weights).catch(() => null), ...data.css.map(loadStyle)]);
    if (this.data !== data) return;
    this.sorry?.remove();
    this.model = model;
    if (!model) {
      this.sorry = apology(NO_MODEL, () => this.show(component));
      this.root.prepend(this.sorry);
    }
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

  /** @param {PointerEvent} event */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
      .map((part) => part * SIDE);
  }

  /** @param {PointerEvent} event */
  begin(event) {
    if (event.button) return;
    this.sheet.setPointerCapture(event.pointerId);
    this.drawing = this.at(event);
    this.stroke(this.drawing, this.drawing);
  }

  /** @param {PointerEvent} event */
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

  /** Ink, or clear, all cells that the pen's tip touches on its way.
   * @param {number[]} from
   * @param {number[]} to */
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

  /** @param {KeyboardEvent} event */
  key(event) {
    /** @type {Record<string, number[] | undefined>} */
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
    const [column, row] = this.cursor.map((at) => at + 1);
    setText(this.said, `Row ${row}, column ${column}, ${this.cells[cell] ? "inked" : "empty"}.`);
  }

  showCursor() {
    this.mark.hidden = !this.sheet.matches(":focus-visible");
    this.mark.style.left = `${(100 * this.cursor[0]) / SIDE}%`;
    this.mark.style.top = `${(100 * this.cursor[1]) / SIDE}%`;
  }

  /** @param {number} pen */
  choosePen(pen) {
    this.pen = pen;
    this.eraser.setAttribute("aria-pressed", String(pen === 0));
  }

  /** @param {Uint8Array} cells */
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
      this.paint();
    });
  }

  paint() {
    if (!this.model) return;
    const x = asMnist(this.cells);
    const found = answer(this.model, x, this.eps);
    this.found = found;
    ink(this.canvas, this.cells);
    ink(this.seen, x);
    while (this.back.children.length < found.pictures.length) {
      this.back.append(small(`Reconstruction ${this.back.children.length + 1}`));
    }
    const canvases = /** @type {HTMLCollectionOf<HTMLCanvasElement>} */ (this.back.children);
    found.pictures.forEach((picture, i) => ink(canvases[i], picture));
    paintBars(this.bars, found);
    setText(this.takeaway, this.words(found));
  }

  /** @param {Answer} found */
  words({ mu, sigma, kl, elbo }) {
    if (!this.cells.includes(1)) return "An empty sheet. Draw a digit, or put a test digit here.";
    const sure = sigma.indexOf(Math.min(...sigma));
    return `ELBO ≈ ${format(elbo, ".0f")} nats, of which the KL takes ${format(kl, ".1f")}; ` +
      `held-out digits reach ${format(this.data.usual, ".0f")} on average. The encoder is surest ` +
      `of dimension ${sure + 1}: ${format(mu[sure], ".2f")} ± ${format(sigma[sure], ".2f")}.`;
  }

  // The hand rests: the address, then Python.
  settle() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      const text = textOf(this.cells);
      if (text === this.told || !mayTell()) return;
      const url = new URL(location.href);
      url.searchParams.set("drawing", text);
      if (text === this.data.specimen) url.searchParams.delete("drawing");
      history.replaceState(history.state, "", url);
      this.told = text;
      this.tell("changed", { drawing: text });
    }, REST_MS);
  }

  remove() {
    this.ending.abort();
    clearTimeout(this.timer);
    if (this.asked) cancelAnimationFrame(this.asked);
    this.root.remove();
  }
}

export const show = mount(Sheet);
