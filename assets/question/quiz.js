// The quiz: one question after another, what each answer gets right or wrong, and an overview. All of
// it happens here; no answer leaves the browser.

import { make } from "../shared/dom.js";
import { loadModule, loadStyle } from "../shared/load.js";
import { mount } from "../shared/mount.js";
import { attend } from "../shared/presenter.js";
import { rich } from "../shared/rich.js";
import { keep, latest, sheetOf } from "./answers.js";
import { overview } from "./overview.js";

/** @import { Component } from "../types" */
/** @import { Sheet } from "./answers.js" */

/**
 * @typedef {object} Option
 * @property {string} name
 * @property {string} text
 * @property {string} why
 * @property {string} label of the link to the state that shows it
 * @property {string} href
 * @property {boolean} right
 */

/**
 * @typedef {object} Item
 * @property {string} name
 * @property {string} chapter its title
 * @property {string} question
 * @property {Option[]} options
 */

/**
 * @typedef {object} Payload
 * @property {Record<string, string>} urls
 * @property {string} seed
 * @property {Item[]} items
 * @property {boolean} present
 */

const STYLES = ["question/question.css", "question/quiz.css"];
const LETTERS = "ABCD";

export class Quiz {
  /** @type {Payload} */
  data = /** @type {any} */ (null);
  /** The same as it came, as text. */
  packed = "";
  /** @type {any} */
  katex = null;
  /** @type {Sheet} */
  sheet = { at: "", first: {} };
  at = 0;
  /** The option that was chosen just now, by the question's name: "" for none, yet shown.
   * @type {Map<string, string>} */
  chosen = new Map();

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.root = make("section", { class: "ttn-quiz", "aria-label": "Quiz",
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.heard(event) });
    parent.append(this.root);
  }

  /** @param {Component<Payload>} component */
  async show({ data }) {
    const packed = JSON.stringify(data);
    if (packed === this.packed) return;
    this.packed = packed;
    await Promise.all(STYLES.map((name) => loadStyle(data.urls[name])));
    const katex = packed.includes("$")
      ? await loadModule(data.urls["katex.js"]).catch(() => null) : null;
    if (this.packed !== packed) return;
    if (this.data?.seed !== data.seed) this.chosen.clear();
    this.data = data;
    this.katex = katex?.default;
    this.sheet = sheetOf(data.seed);
    const stood = data.items.findIndex(({ name }) => name === this.sheet.at);
    this.at = Math.max(0, stood);
    this.root.classList.toggle("ttn-presenting", data.present);
    if (data.present) attend();
    this.pose();
    this.root.dataset.settled = "";
  }

  get item() {
    return this.data.items[this.at];
  }

  /** @param {string} value */
  text(value) {
    return rich(value, this.katex);
  }

  // ---- going about ------------------------------------------------------------------------

  /** To a question, and to its words.
   * @param {number} at */
  go(at) {
    this.at = Math.max(0, Math.min(this.data.items.length - 1, at));
    this.sheet.at = this.item.name;
    keep(this.data.seed, this.sheet);
    this.pose();
    this.focus(".ttn-question");
  }

  /** @param {string} selector */
  focus(selector) {
    const node = /** @type {HTMLElement | null} */ (this.root.querySelector(selector));
    node?.focus({ preventScroll: true });
    node?.scrollIntoView({ block: "nearest" });
  }

  /** Before a class: the arrows of `presenter.js`.
   * @param {KeyboardEvent} event */
  heard(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.target !== this.root || !step) return;
    event.preventDefault();
    this.go(this.at + step);
  }

  /** Forget what was answered in this quiz, and begin with its first question. */
  restart() {
    for (const { name } of this.data.items) delete this.sheet.first[name];
    this.chosen.clear();
    this.go(0);
  }

  // ---- one question -----------------------------------------------------------------------

  /** Ask, or show what was answered. */
  pose() {
    const kept = this.sheet.first[this.item.name]?.choice;
    const known = this.item.options.some(({ name }) => name === kept) ? kept : undefined;
    const choice = this.chosen.get(this.item.name) ?? known;
    if (choice === undefined) this.ask();
    else this.reveal(choice);
  }

  ask() {
    const { item } = this;
    const button = make("button", { type: "submit", class: "ttn-commit", disabled: true }, "Check");
    const choices = item.options.map(({ name, text }, place) => {
      const radio = make("input", { type: "radio", name: `ttn-quiz-${item.name}`, value: name,
        onchange: () => { button.disabled = false; } });
      return make("label", { class: "ttn-option" }, radio, letter(place),
        make("span", {}, ...this.text(text)));
    });
    const legend = make("legend", { class: "ttn-question", tabindex: -1 },
      ...this.text(item.question));
    const commit = (/** @type {Event} */ event) => {
      event.preventDefault();
      const chosen = /** @type {HTMLInputElement | null} */ (
        this.root.querySelector("input:checked"));
      if (chosen) this.commit(chosen.value);
    };
    const buttons = [button];
    if (this.data.present) {
      buttons.push(make("button", { type: "button", onclick: () => this.answer("") },
        "Show the answer"));
    }
    const options = make("div", { class: "ttn-options" }, ...choices);
    this.root.replaceChildren(this.head(), make("form", { onsubmit: commit },
      make("fieldset", {}, legend, options), this.foot(buttons)));
  }

  /** @param {string} choice */
  commit(choice) {
    const { name, options } = this.item;
    const right = options.some((option) => option.name === choice && option.right);
    this.sheet.first[name] ??= { choice, right };
    this.sheet.at = name;
    keep(this.data.seed, this.sheet);
    this.answer(choice);
  }

  /** @param {string} choice "" to show the answer to a class that has chosen by hand */
  answer(choice) {
    this.chosen.set(this.item.name, choice);
    this.reveal(choice);
    this.focus(".ttn-verdict");
  }

  /** @param {string} choice */
  reveal(choice) {
    const { item } = this;
    const right = /** @type {Option} */ (item.options.find((option) => option.right));
    const mine = item.options.find(({ name }) => name === choice);
    const verdict = make("p", { class: "ttn-verdict", tabindex: -1 });
    const lines = [verdict];
    if (mine && !mine.right) {
      verdict.append(make("strong", { class: "ttn-wrong" }, "Not quite. "),
        ...this.text(mine.why));
      lines.push(see(mine), make("p", { class: "ttn-answer" },
        make("strong", {}, "The answer: "), ...this.text(right.text), ". ",
        ...this.text(right.why)));
    } else {
      const word = mine ? "Right. " : "The answer. ";
      verdict.append(make("strong", { class: "ttn-right" }, word), ...this.text(right.why));
    }
    lines.push(see(right));
    const list = make("ul", { class: "ttn-options" },
      ...item.options.map((option, place) => this.marked(option, place, choice)));
    this.root.replaceChildren(this.head(),
      make("p", { class: "ttn-question", tabindex: -1 }, ...this.text(item.question)),
      list, make("div", { class: "ttn-why" }, ...lines), this.foot([], mine?.right === false));
  }

  /** @param {Option} option
   * @param {number} place
   * @param {string} choice */
  marked({ name, text, right }, place, choice) {
    const mine = name === choice;
    const classes = ["ttn-option", right && "ttn-is-right", mine && !right && "ttn-is-wrong"];
    const notes = [mine && "your choice", right && "the answer"].filter(Boolean).join(", ");
    const sign = right ? "\u2713 " : mine ? "\u2717 " : "";
    return make("li", { class: classes.filter(Boolean).join(" ") }, letter(place),
      make("span", {}, make("span", { "aria-hidden": "true" }, sign), ...this.text(text),
        notes ? make("small", {}, ` ${notes}`) : ""));
  }

  // ---- around it --------------------------------------------------------------------------

  /** Where one is, and a mark for each question. */
  head() {
    const { items } = this.data;
    const marks = items.map(({ name }, place) => make("span", {
      class: ["ttn-mark", this.markOf(name), place === this.at && "ttn-here"]
        .filter(Boolean).join(" ") }));
    return make("div", { class: "ttn-head" },
      make("p", {}, make("span", { class: "ttn-kicker" }, this.item.chapter),
        ` Question ${this.at + 1} of ${items.length}`),
      make("div", { class: "ttn-marks", "aria-hidden": "true" }, ...marks), this.onceMore());
  }

  /** Who comes back without a seed finds the quiz that was begun. */
  onceMore() {
    const last = latest();
    const begun = Object.keys(this.sheet.first).length > 0;
    if (begun || !last || last.seed === this.data.seed || last.answered === 0) return "";
    const seed = encodeURIComponent(last.seed);
    const many = `${last.answered} answer${last.answered > 1 ? "s" : ""}`;
    return make("p", { class: "ttn-once-more" },
      make("a", { href: `./quiz?seed=${seed}` }, `Go on with quiz ${last.seed}`),
      ` instead, where you left ${many}.`);
  }

  /** @param {string} name */
  markOf(name) {
    const first = this.sheet.first[name];
    return first ? (first.right ? "ttn-good" : "ttn-bad") : "";
  }

  /** What leads on, after the buttons of the question itself.
   * @param {HTMLElement[]} buttons
   * @param {boolean} missed */
  foot(buttons, missed = false) {
    const { at, data: { items } } = this;
    const asked = buttons.length > 0;
    const last = at + 1 === items.length;
    return make("div", { class: "ttn-foot" }, ...buttons,
      last ? "" : plain("Next question", () => this.go(at + 1), !asked),
      missed ? plain("Try again", () => this.again()) : "",
      at > 0 ? plain("Previous", () => this.go(at - 1)) : "",
      plain("Overview", () => this.survey(), last && !asked));
  }

  again() {
    this.ask();
    this.focus(".ttn-question");
  }

  survey() {
    this.root.replaceChildren(...overview(this));
    this.focus(".ttn-question");
  }

  remove() {
    this.root.remove();
  }
}

/** What a class calls out.
 * @param {number} place */
const letter = (place) => make("span", { class: "ttn-letter" }, LETTERS[place]);

/** @param {string} words
 * @param {() => void} act
 * @param {boolean} accent for what comes next */
const plain = (words, act, accent = false) =>
  make("button", { type: "button", class: accent && "ttn-commit", onclick: act }, words);

/** @param {Option} option */
const see = ({ label, href }) =>
  make("p", { class: "ttn-see" }, make("a", { href }, label));

export const show = mount(Quiz);
