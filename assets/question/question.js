// Predict, then reveal: a question, the learner's commitment, the answer and what it teaches.
//
// First answers are kept in localStorage under one name, {key: {choice, right, factor}}; they make
// the score. Nothing is sent anywhere.

import { make, setText } from "../shared/dom.js";
import { typeset } from "../shared/tex.js";
import { mount } from "../shared/mount.js";
import { format } from "../shared/words.js";

const STORE = "ttn-predictions";
const CLOSE = 2; // a guessed factor is close when it is off by no more than this
const shown = new Set(); // the questions on the page
const fallback = new Map(); // where the browser refuses to store

function readAll() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE) ?? "{}");
    return kept && typeof kept === "object" ? kept : {};
  } catch {
    return Object.fromEntries(fallback);
  }
}

function writeAll(answers) {
  fallback.clear();
  for (const [key, value] of Object.entries(answers)) fallback.set(key, value);
  try {
    localStorage.setItem(STORE, JSON.stringify(answers));
  } catch {
    // Kept for this visit only.
  }
}

function score() {
  const answers = Object.values(readAll());
  return { right: answers.filter((answer) => answer?.right).length, answered: answers.length };
}

function loadStyle(url) {
  if (document.head.querySelector(`link[href="${url}"]`)) return Promise.resolve();
  return new Promise((resolve) => {
    const link = make("link", { rel: "stylesheet", href: url, onload: resolve, onerror: resolve });
    document.head.append(link);
  });
}

// Nodes of a text with **bold** and $formulas$; the text itself is never read as HTML.
function rich(text, katex) {
  return text.split(/(\*\*[^*]+\*\*|\$[^$]+\$)/).map((part) => {
    if (part.startsWith("**")) return make("strong", {}, part.slice(2, -2));
    if (!katex || !/^\$[^$]+\$$/.test(part)) return document.createTextNode(part);
    const span = make("span");
    typeset(katex, part.slice(1, -1), span);
    return span;
  });
}

const times = (value) => `${format(value, value < 100 ? ".2g" : ",.0f")}\u00d7`;

class Question {
  constructor(parent) {
    this.root = make("section", { class: "ttn-predict" });
    parent.append(this.root);
    shown.add(this);
  }

  async show({ data }) {
    const packed = JSON.stringify(data);
    if (packed === this.packed) return;
    this.packed = packed;
    await loadStyle(data.urls["question/question.css"]);
    const formulas = JSON.stringify(data).includes("$");
    const katex = formulas ? await import(new URL(data.urls["katex.js"], document.baseURI)) : null;
    if (this.packed !== packed) return;
    const same = this.data?.question === data.question && this.data?.key === data.key;
    const stood = same ? this.state : null;
    this.data = data;
    this.katex = katex?.default;
    this.root.setAttribute("aria-label", "Predict, then reveal");
    this.root.classList.toggle("ttn-presenting", data.present);
    if (stood === "answered") this.reveal(this.choice, this.guess);
    else if (stood !== "asking" && this.kept()) this.remind();
    else this.ask();
  }

  kept() {
    const kept = readAll()[this.data.key];
    return kept && this.data.options.some(({ name }) => name === kept.choice) ? kept : null;
  }

  option(name) {
    return this.data.options.find((option) => option.name === name);
  }

  text(value) {
    return rich(value, this.katex);
  }

  // ---- asking -----------------------------------------------------------------------------

  ask() {
    this.state = "asking";
    const id = `ttn-predict-${this.data.key}`;
    const button = make("button", { type: "submit", class: "ttn-commit", disabled: true }, "Reveal");
    const choices = this.data.options.map(({ name, text }) => {
      const radio = make("input", { type: "radio", name: id, value: name,
        onchange: () => { button.disabled = false; } });
      return make("label", { class: "ttn-option" }, radio, make("span", {}, ...this.text(text)));
    });
    const legend = make("legend", {}, make("span", { class: "ttn-kicker" }, "Predict "),
      ...this.text(this.data.question));
    const parts = [legend, make("div", { class: "ttn-options" }, ...choices)];
    if (this.data.factor !== null) parts.push(this.factorSlider(id));
    const commit = (event) => {
      event.preventDefault();
      const chosen = this.root.querySelector("input[type=radio]:checked");
      if (chosen) this.commit(chosen.value);
    };
    const form = make("form", { onsubmit: commit }, make("fieldset", {}, ...parts), button);
    this.root.replaceChildren(form, this.scoreLine());
  }

  factorSlider(id) {
    const { factors, factorQuestion } = this.data;
    const middle = Math.floor(factors.length / 3);
    const readout = make("output", { for: `${id}-factor` }, times(factors[middle]));
    this.slider = make("input", { type: "range", id: `${id}-factor`, min: 0, step: 1,
      max: factors.length - 1, value: middle, "aria-valuetext": times(factors[middle]),
      oninput: () => {
        const said = times(factors[Number(this.slider.value)]);
        setText(readout, said);
        this.slider.setAttribute("aria-valuetext", said);
      } });
    const label = make("label", { for: `${id}-factor` }, ...this.text(factorQuestion));
    return make("div", { class: "ttn-factor" }, label, this.slider, readout);
  }

  commit(choice) {
    const guess = this.data.factor === null ? null : this.data.factors[Number(this.slider.value)];
    const answers = readAll();
    if (!(this.data.key in answers)) {
      answers[this.data.key] = { choice, guess, right: choice === this.data.answer };
      writeAll(answers);
    }
    this.reveal(choice, guess);
    this.verdict.focus({ preventScroll: true });
    for (const question of shown) question.tally();
  }

  // ---- revealing --------------------------------------------------------------------------

  reveal(choice, guess) {
    this.state = "answered";
    this.choice = choice;
    this.guess = guess;
    const { answer } = this.data;
    const right = choice === answer;
    const word = right ? "Right. " : "Not quite. ";
    this.verdict = make("p", { class: "ttn-verdict", tabindex: -1 },
      make("strong", { class: right ? "ttn-right" : "ttn-wrong" }, word),
      ...this.text(this.option(choice).why));
    const lines = [this.verdict];
    if (!right) {
      lines.push(make("p", {}, make("strong", {}, "The answer: "),
        ...this.text(this.option(answer).text), ". ", ...this.text(this.option(answer).why)));
    }
    if (guess !== null && guess !== undefined) lines.push(make("p", {}, this.compare(guess)));
    const list = make("ul", { class: "ttn-options" }, ...this.data.options.map((option) =>
      this.marked(option, choice)));
    this.root.replaceChildren(
      make("p", { class: "ttn-question" }, ...this.text(this.data.question)), list,
      make("div", { class: "ttn-why", role: "status" }, ...lines), this.again(), this.scoreLine());
  }

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

  compare(guess) {
    const truth = this.data.factor;
    const off = Math.max(guess / truth, truth / guess);
    const said = `You said ${times(guess)}, and it is ${times(truth)}`;
    if (off <= CLOSE) return `${said}: close.`;
    return `${said}: ${times(off)} too ${guess > truth ? "much" : "little"}.`;
  }

  again() {
    const reset = () => {
      this.ask();
      this.root.querySelector("input")?.focus({ preventScroll: true });
    };
    return make("button", { type: "button", class: "ttn-again", onclick: reset }, "Try again");
  }

  // Answered on an earlier visit: one line, so that the figure stays in sight.
  remind() {
    this.state = "reminded";
    const kept = this.kept();
    const open = () => this.reveal(kept.choice, kept.guess);
    this.root.replaceChildren(
      make("p", { class: "ttn-question" },
        ...this.text(this.data.question), " ",
        make("span", { class: "ttn-said" }, "You said: ", ...this.text(this.option(kept.choice).text),
          kept.right ? " \u2713" : " \u2717")),
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
    const forget = () => {
      writeAll({});
      for (const question of shown) question.ask();
    };
    this.line.replaceChildren(
      `Right at the first try: ${right} of ${answered}. Kept in this browser only. `,
      make("button", { type: "button", class: "ttn-forget", onclick: forget }, "Forget"));
  }

  remove() {
    shown.delete(this);
    this.root.remove();
  }
}

export const show = mount(Question);
