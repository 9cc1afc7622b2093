// A formula whose symbols can be chosen: radio buttons that move the bar's parameter.

import { pickNames } from "../shared/words.js";

const NEAR = 24; // pixels from a symbol within which a finger means it

/** @param {Element} node */
const placeOf = (node) => Number(/ttn-at-(\d+)/.exec(node.className)?.[1]);

export class Picks {
  /** The symbols, in the formula's order.
   * @type {HTMLElement[]} */
  nodes = [];
  /** The value that is chosen. */
  at = 0;

  /** @param {HTMLElement} root the formula
   * @param {(value: number) => void} choose */
  constructor(root, choose) {
    this.root = root;
    this.choose = choose;
    root.addEventListener("click", (event) => this.click(event));
    root.addEventListener("keydown", (event) => this.key(event));
  }

  /** The formula has been typeset: make its symbols radio buttons.
   * @param {string} template
   * @param {string} label of what is chosen */
  take(template, label) {
    const names = pickNames(template);
    this.nodes = names.flatMap((_, i) =>
      Array.from(this.root.querySelectorAll(/** @type {"span"} */ (`.ttn-pick-${i + 1}`))));
    this.root.classList.toggle("ttn-pickable", this.nodes.length > 0);
    const lines = this.nodes.length > 0 && !template.includes("\\part"); // chosen as a whole
    this.root.classList.toggle("ttn-lines", lines);
    if (!this.nodes.length) return;
    for (const part of this.root.querySelectorAll("[aria-hidden]")) {
      part.removeAttribute("aria-hidden"); // there is no MathML beside it
    }
    this.root.setAttribute("role", "radiogroup");
    this.root.setAttribute("aria-label", `Formula: choose a ${label}`);
    this.nodes.forEach((node, i) => {
      node.setAttribute("role", "radio");
      node.setAttribute("aria-label", names[i]);
    });
    this.set(this.at);
  }

  /** @param {number} value that is chosen; its first symbol takes the Tab key */
  set(value) {
    this.at = value;
    let first = true;
    for (const node of this.nodes) {
      const chosen = placeOf(node) === value;
      node.setAttribute("aria-checked", String(chosen));
      node.tabIndex = chosen && first ? 0 : -1;
      if (chosen) first = false;
    }
    for (const part of this.root.querySelectorAll('[class*="ttn-at-"]')) {
      part.classList.toggle("ttn-lit", placeOf(part) === value);
    }
  }

  /** The symbol under the pointer, or the nearest.
   * @param {MouseEvent} event */
  click({ clientX, clientY }) {
    const away = (/** @type {HTMLElement} */ node) => {
      const { left, right, top, bottom } = node.getBoundingClientRect();
      const across = Math.max(left - clientX, 0, clientX - right);
      return Math.hypot(across, Math.max(top - clientY, 0, clientY - bottom));
    };
    const nearest = this.nodes.toSorted((one, other) => away(one) - away(other))[0];
    if (nearest && away(nearest) < NEAR) this.pick(nearest);
  }

  /** Arrows go on and choose, as among radio buttons.
   * @param {KeyboardEvent} event */
  key(event) {
    const here = this.nodes.indexOf(/** @type {HTMLElement} */ (event.target));
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, " ": 0 }[event.key];
    if (here < 0 || step === undefined) return;
    event.preventDefault();
    this.pick(this.nodes[(here + step + this.nodes.length) % this.nodes.length]);
  }

  /** @param {HTMLElement} node */
  pick(node) {
    this.choose(placeOf(node));
    this.set(placeOf(node));
    for (const each of this.nodes) each.tabIndex = each === node ? 0 : -1;
    node.focus({ preventScroll: true });
  }
}
