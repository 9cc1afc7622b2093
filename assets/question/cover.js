// A cover over the part of a page that gives a question's answer away, until it is answered.

import { make } from "../shared/dom.js";

/** Parts whose question was skipped, until the page is loaded again.
 * @type {Set<string>} */
const skipped = new Set();

/** What is hidden is neither seen, nor read aloud, nor reached by the keyboard.
 * @param {string} key of the part */
const rules = (key) => `
.st-key-${key} { position: relative; min-height: 4rem; }
.st-key-${key} > *, .st-key-${key} > * * { visibility: hidden !important; }
.st-key-${key}::before {
  content: "Covered until you answer the question above, or skip it.";
  position: absolute; inset: 0; z-index: 1; display: grid; place-items: center; padding: 1rem;
  color: var(--ttn-muted); background: var(--ttn-panel); border-radius: 0.6rem; text-align: center;
}`;

export class Cover {
  key = "";
  sheet = make("style");

  get on() {
    return this.sheet.isConnected;
  }

  /** @param {string} key of the part, "" for none */
  put(key) {
    this.take();
    this.key = key;
    if (!key || skipped.has(key)) return;
    this.sheet.textContent = rules(key);
    document.head.append(this.sheet);
  }

  take() {
    this.sheet.remove();
  }

  skip() {
    skipped.add(this.key);
    this.take();
  }
}
