// Predict, then reveal: a question, the learner's commitment, the answer and what it teaches.

import { make, setText } from "../shared/dom.js";
import { rich } from "../shared/rich.js";
import { loadModule, loadStyle } from "../shared/load.js";
import { mount } from "../shared/mount.js";
import { format } from "../shared/words.js";
import { Cover } from "./cover.js";
import { readAll, score, writeAll } from "./store.js";

/** @import { Component } from "../types" */
/** @import { Kept } from "./store.js" */
/** @typedef {{ name: string, text: string, why: string }} Option */

/**
 * @typedef {object} Payload
 * @property {Record<string, string>} urls
 * @property {string} key
 * @property {string} question
 * @property {Option[]} options
 * @property {string} answer
 * @property {number | null} factor
 * @property {string} factorQuestion
 * @property {number[]} factors
 * @property {string} covers key of the part of the page that gives the answer away
 * @property {boolean} present
 */

const CLOSE = 2; // a guessed factor is close when it is off by no more than this
/** The questions on the page.
 * @type {Set<Question>} */
const shown = new Set();

const times = (/** @type {number} */ value) =>
  `${format(value, value < 100 ? ".2g" : ",.0f")}\u00d7`;

/** @param {number} guess
 * @param {number} truth */
function compare(guess, truth) {
  const off = Math.max(guess / truth, truth / guess);
  const said = `You said ${times(guess)}, and it is ${times(truth)}`;
  if (off <= CLOSE) return `${said}: close.`;
  return `${said}: ${times(off)} too ${guess > truth ? "much" : "little"}.`;
}

function forget() {
  writeAll({});
  for (const question of shown) question.ask();
}

class Question {
  /** @type {Payload} */
  data = /** @type {any} */ (null);
  /** The same as it came, as text. */
  packed = "";
  /** @type {any} */
  katex = null;
  /** @type {"" | "asking" | "answered" | "reminded"} */
  state = "";
  choice = "";
  /** @type {number | null} */
  guess = null;
  /** On which the factor is guessed.
   * @type {HTMLInputElement | null} */
  slider = null;
  /** @type {HTMLElement | null} */
  line = null;
  cover = new Cover();

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.root = make("section", { class: "ttn-predict ttn-closed" });
    parent.append(this.root);
    shown.add(this);
  }

  /** @param {Component<Payload>} component */
  async show({ data }) {
    const packed = JSON.stringify(data);
    if (packed === this.packed) return;
    this.packed = packed;
    await loadStyle(data.urls["question/question.css"]);
    const formulas = JSON.stringify(data).includes("$");
    const katex = formulas ? await loadModule(data.urls["katex.js"]).catch(() => null) : null;
    if (this.packed !== packed) return;
    const same = this.data?.question === data.question && this.data?.key === data.key;
    const stood = same ? this.state : null;
    this.data = data;
    this.katex = katex?.default;
    this.root.setAttribute("aria-label", "Predict, then reveal");
    this.root.classList.toggle("ttn-presenting", data.present);
    if (stood === "answered") this.reveal(this.choice, this.guess);
    else {
      const kept = stood === "asking" ? null : this.kept();
      if (kept) this.remind(kept);
      else this.ask();
    }
  }

  skip() {
    this.cover.skip();
    this.ask();
    this.root.querySelector("input")?.focus({ preventScroll: true });
  }

  kept() {
    const kept = readAll()[this.data.key];
    return kept && this.data.options.some(({ name }) => name === kept.choice) ? kept : null;
  }

  /** @param {string} name */
  option(name) {
    return /** @type {Option} */ (this.data.options.find((option) => option.name === name));
  }

  /** @param {string} value */
  text(value) {
    return rich(value, this.katex);
  }

  // ---- asking -----------------------------------------------------------------------------

  ask() {
    this.state = "asking";
    this.cover.put(this.data.covers);
    const id = `ttn-predict-${this.data.key}`;
    const disabled = { type: "submit", class: "ttn-commit", disabled: true };
    const button = make("button", disabled, "Reveal");
    const choices = this.data.options.map(({ name, text }) => {
      const radio = make("input", { type: "radio", name: id, value: name,
        onchange: () => { button.disabled = false; } });
      return make("label", { class: "ttn-option" }, radio, make("span", {}, ...this.text(text)));
    });
    const legend = make("legend", {}, make("span", { class: "ttn-kicker" }, "Predict "),
      ...this.text(this.data.question));
    const parts = [legend, make("div", { class: "ttn-options" }, ...choices)];
    if (this.data.factor !== null) parts.push(this.factorSlider(id));
    const commit = (/** @type {Event} */ event) => {
      event.preventDefault();
      const radios = /** @type {NodeListOf<HTMLInputElement>} */ (
        this.root.querySelectorAll("input[type=radio]"));
      const chosen = Array.from(radios).find(({ checked }) => checked);
      if (chosen) this.commit(chosen.value);
    };
    const form = make("form", { onsubmit: commit }, make("fieldset", {}, ...parts), button);
    if (this.cover.on) {
      form.append(make("button", { type: "button", class: "ttn-again ttn-skip",
        onclick: () => this.skip() }, "Skip"));
    }
    this.root.replaceChildren(this.opener(), form, this.scoreLine());
  }

  /** On a phone the question is one line until it is opened, so that the figure is in sight. */
  opener() {
    const open = () => {
      this.root.classList.remove("ttn-closed", "ttn-away");
      this.root.querySelector("input")?.focus({ preventScroll: true });
    };
    const words = make("span", {}, ...this.text(this.data.question));
    return make("button", { type: "button", class: "ttn-opener", "aria-expanded": "false",
      onclick: open }, make("span", { class: "ttn-kicker" }, "Predict "), words);
  }

  /** @param {string} id */
  factorSlider(id) {
    const { factors, factorQuestion } = this.data;
    const middle = Math.floor(factors.length / 3);
    const readout = make("output", { for: `${id}-factor` }, times(factors[middle]));
    const slider = make("input", { type: "range", id: `${id}-factor`, min: 0, step: 1,
      max: factors.length - 1, value: middle, "aria-valuetext": times(factors[middle]),
      oninput: () => {
        const said = times(factors[Number(slider.value)]);
        setText(readout, said);
        slider.setAttribute("aria-valuetext", said);
      } });
    this.slider = slider;
    const label = make("label", { for: `${id}-factor` }, ...this.text(factorQuestion));
    return make("div", { class: "ttn-factor" }, label, slider, readout);
  }

  /** @param {string} choice */
  commit(choice) {
    const asked = this.data.factor !== null && this.slider;
    const guess = asked ? this.data.factors[Number(asked.value)] : null;
    const answers = readAll();
    if (!(this.data.key in answers)) {
      answers[this.data.key] = { choice, guess, right: choice === this.data.answer };
      writeAll(answers);
    }
    this.reveal(choice, guess).focus({ preventScroll: true });
    for (const question of shown) question.tally();
  }

  // ---- revealing --------------------------------------------------------------------------

  /** Show the answer; gives the line with the verdict.
   * @param {string} choice
   * @param {number | null} guess */
  reveal(choice, guess) {
    this.state = "answered";
    this.cover.take();
    this.choice = choice;
    this.guess = guess;
    const { answer } = this.data;
    const right = choice === answer;
    const word = right ? "Right. " : "Not quite. ";
    const verdict = make("p", { class: "ttn-verdict", tabindex: -1 },
      make("strong", { class: right ? "ttn-right" : "ttn-wrong" }, word),
      ...this.text(this.option(choice).why));
    const lines = [verdict];
    if (!right) {
      lines.push(make("p", {}, make("strong", {}, "The answer: "),
        ...this.text(this.option(answer).text), ". ", ...this.text(this.option(answer).why)));
    }
    const { factor } = this.data;
    if (guess !== null && factor !== null) lines.push(make("p", {}, compare(guess, factor)));
    const list = make("ul", { class: "ttn-options" }, ...this.data.options.map((option) =>
      this.marked(option, choice)));
    this.root.replaceChildren(
      make("p", { class: "ttn-question" }, ...this.text(this.data.question)), list,
      make("div", { class: "ttn-why", role: "status" }, ...lines), this.again(), this.scoreLine());
    return verdict;
  }

  /** @param {Option} option
   * @param {string} choice */
  marked({ name, text }, choice) {
    const right = name === this.data.answer;
    const mine = name === choice;
    const classes = ["ttn-option", right && "ttn-is-right", mine && !right && "ttn-is-wrong"];
    const notes = [mine && "your choice", right && "the answer"].filter(Boolean).join(", ");
    const sign = right ? "\u2713 " : mine ? "\u2717 " : "";
    return make("li", { class: classes.filter(Boolean).join(" ") },
      make("span", {}, make("span", { "aria-hidden": "true" }, sign), ...this.text(text),
        notes ? make("small", {}, ` ${notes}`) : ""));
  }

  again() {
    const reset = () => {
      this.ask();
      this.root.classList.remove("ttn-closed");
      this.root.querySelector("input")?.focus({ preventScroll: true });
    };
    return make("button", { type: "button", class: "ttn-again", onclick: reset }, "Try again");
  }

  /** Answered on an earlier visit: one line, so that the figure stays in sight.
   * @param {Kept} kept */
  remind(kept) {
    this.state = "reminded";
    this.cover.take();
    const open = () => this.reveal(kept.choice, kept.guess ?? null);
    this.root.replaceChildren(
      make("p", { class: "ttn-question" },
        ...this.text(this.data.question), " ",
        make("span", { class: "ttn-said" }, "You said: ",
          ...this.text(this.option(kept.choice).text), kept.right ? " \u2713" : " \u2717")),
      make("button", { type: "button", class: "ttn-again", onclick: open }, "Show why"),
      this.again(), this.scoreLine());
  }

  // ---- the score --------------------------------------------------------------------------

  scoreLine() {
    this.line = make("p", { class: "ttn-score" });
    this.tally();
    return this.line;
  }

  tally() {
    if (!this.line) return;
    const { right, answered } = score();
    this.line.hidden = answered === 0;
    this.line.replaceChildren(
      `Right at the first try: ${right} of ${answered}. Kept in this browser only. `,
      make("button", { type: "button", class: "ttn-forget", onclick: forget }, "Forget"));
  }

  remove() {
    shown.delete(this);
    this.cover.take();
    this.root.remove();
  }
}

export const show = mount(Question);
