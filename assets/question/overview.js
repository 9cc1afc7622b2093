// How far one has come in the quiz, and a way to each of its questions.

import { make } from "../shared/dom.js";

/** @import { Quiz } from "./quiz.js" */

const SIGNS = { "ttn-good": "\u2713", "ttn-bad": "\u2717", "": "\u25cb" };
const SAID = { "ttn-good": "right at first", "ttn-bad": "not at first", "": "open" };

/** @param {Quiz} quiz */
export function overview(quiz) {
  const { items } = quiz.data;
  const first = items.map(({ name }) => quiz.sheet.first[name]);
  const answered = first.filter(Boolean).length;
  const right = first.filter((each) => each?.right).length;
  const open = first.findIndex((each) => !each);
  const chapters = Array.from(new Set(items.map(({ chapter }) => chapter)));
  const told = answered
    ? `${answered} of ${items.length} answered, ${right} right at first`
    : `${items.length} questions, none answered yet`;
  return [
    make("p", { class: "ttn-question", tabindex: -1 }, told),
    make("p", {}, "Kept in this browser only."),
    make("div", { class: "ttn-foot" },
      open >= 0 && make("button", { type: "button", class: "ttn-commit",
        onclick: () => quiz.go(open) }, answered ? "Go on" : "Begin") || "",
      open < 0 && make("button", { type: "button", class: "ttn-commit",
        onclick: () => quiz.go(quiz.at) }, "Back to the questions") || "",
      answered > 0 && make("button", { type: "button", onclick: () => quiz.restart() },
        "Start again") || ""),
    ...chapters.flatMap((chapter) => part(quiz, chapter)),
  ];
}

/** A chapter's questions.
 * @param {Quiz} quiz
 * @param {string} chapter */
function part(quiz, chapter) {
  const { items } = quiz.data;
  const rows = items.flatMap((item, place) => (item.chapter === chapter ? [{ item, place }] : []));
  const right = rows.filter(({ item }) => quiz.sheet.first[item.name]?.right).length;
  const answered = rows.filter(({ item }) => item.name in quiz.sheet.first).length;
  const score = answered ? ` ${right} of ${answered} right at first` : "";
  return [
    make("h3", {}, chapter, make("small", {}, score)),
    make("ol", { class: "ttn-list" }, ...rows.map(({ item, place }) => {
      const mark = /** @type {keyof typeof SIGNS} */ (quiz.markOf(item.name));
      return make("li", {}, make("button", { type: "button", class: "ttn-row",
        onclick: () => quiz.go(place) },
      make("span", { class: mark, "aria-hidden": "true" }, `${SIGNS[mark]} `), `${place + 1}. `,
      ...quiz.text(item.question), make("small", {}, ` ${SAID[mark]}`)));
    })),
  ];
}
