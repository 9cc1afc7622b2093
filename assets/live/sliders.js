// Sliders with the symbol's colour, a readout, and a field to type a number into.

import { make, setText } from "../shared/dom.js";
import { format } from "../shared/words.js";
import { nearest, placeOf, valueAt } from "./positions.js";

/** @import { Moved, Param, Values } from "../types" */

const colourOf = (/** @type {Param} */ param) => `var(--ttn-${param.colour ?? "accent"})`;

/** A row: label, slider, number. `owner` is told of a move (input) and of its end (settle). */
class Slider {
  shown = "";
  pressed = false;

  /** @param {Param} param
   * @param {string} id
   * @param {Moved} owner */
  constructor(param, id, owner) {
    this.param = param;
    this.owner = owner;
    const { positions, key, label } = param;
    this.range = make("input", {
      type: "range", id, min: 0, max: positions.length - 1, step: 1,
      oninput: () => owner.input(key, valueAt(positions, Number(this.range.value))),
      onpointerdown: () => this.grasp(),
      onchange: () => owner.settle(this.pressed ? 250 : 0),
      onkeydown: () => { this.pressed = true; },
      onkeyup: () => { this.pressed = false; },
      onpointerup: () => this.leave(),
      onpointercancel: () => this.leave(),
    });
    this.number = make("input", {
      type: "text", inputmode: "decimal", class: "ttn-number", autocomplete: "off",
      "aria-label": `${label}, as a number`, onchange: () => this.typed(),
    });
    this.output = make("output", { for: id, class: "ttn-sr" });
    const name = make("label", { for: id, title: param.help || null }, label);
    this.row = make("div", { class: "ttn-slider" }, name, this.range, this.number, this.output);
    this.row.style.setProperty("--colour", colourOf(param));
  }

  /** Under a hand the thumb goes where the hand goes; else from position to position. */
  grasp() {
    this.range.step = "any";
    this.owner.hold(this.param.key);
  }

  leave() {
    this.range.step = "1";
    this.owner.release();
  }

  typed() {
    const value = Number(this.number.value.trim().replace("\u2212", "-").replace(",", "."));
    const { positions, key } = this.param;
    const known = this.number.value.trim() !== "" && Number.isFinite(value);
    if (known) this.owner.input(key, positions[nearest(positions, value)]);
    this.number.value = this.shown;
    if (known) this.owner.settle(0);
  }

  /** @param {number} value
   * @param {number} fine where the hand is */
  set(value, fine) {
    const { positions, format: spec, label } = this.param;
    const place = placeOf(positions, fine);
    const text = format(value, spec);
    if (Math.abs(Number(this.range.value) - place) > 1e-6) this.range.value = String(place);
    this.range.style.setProperty("--part", String(place / Math.max(1, positions.length - 1)));
    this.range.setAttribute("aria-valuetext", `${label} ${text}`);
    if (document.activeElement !== this.number || this.shown === this.number.value) {
      this.number.value = text;
    }
    this.shown = text;
    setText(this.output, text);
  }
}

/** A seed: a number to type, and a button that draws again. */
class Seed {
  value = 0;

  /** @param {Param} param
   * @param {string} id
   * @param {Moved} owner */
  constructor(param, id, owner) {
    const { key, maximum } = param;
    const say = (/** @type {number} */ value) => {
      owner.input(key, ((value % (maximum + 1)) + maximum + 1) % (maximum + 1));
      owner.settle(0);
    };
    this.field = make("input", {
      type: "number", id, min: 0, max: maximum, step: 1, class: "ttn-seed",
      onchange: () => say(Math.trunc(Number(this.field.value)) || 0),
    });
    const draw = () => say(this.value + 1);
    const again = make("button", { type: "button", onclick: draw }, "Draw again");
    const name = make("label", { for: id, title: param.help || null }, param.label);
    this.row = make("div", { class: "ttn-slider ttn-draw" }, name, this.field, again);
  }

  /** @param {number} value */
  set(value) {
    this.value = value;
    this.field.value = String(value);
  }
}

export class Controls {
  /** @type {Map<string, Slider | Seed>} */
  all = new Map();
  built = "";

  /** @param {HTMLElement} root
   * @param {Moved} owner */
  constructor(root, owner) {
    this.root = root;
    this.owner = owner;
  }

  /** Build the rows anew only if the parameters themselves have changed.
   * @param {Param[]} params
   * @param {string} prefix of the controls' ids */
  show(params, prefix) {
    const wanted = JSON.stringify(params.map((param) => ({ ...param, value: null })));
    if (wanted === this.built) return;
    this.built = wanted;
    this.all.clear();
    this.root.replaceChildren();
    for (const param of params) {
      if (param.hidden) continue;
      const kind = param.kind === "seed" ? Seed : Slider;
      const control = new kind(param, `${prefix}-${param.key}`, this.owner);
      this.all.set(param.key, control);
      this.root.append(control.row);
    }
  }

  /** @param {Values} values
   * @param {Values} fine where a hand is, between two positions */
  set(values, fine) {
    for (const [key, control] of this.all) control.set(values[key], fine[key] ?? values[key]);
  }
}
