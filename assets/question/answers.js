// First answers of the quiz, kept in the browser by the quiz's seed, and the question at which each
// quiz stands.

import { keptUnder } from "../shared/kept.js";

/** @typedef {{ choice: string, right: boolean }} First a first answer */
/** @typedef {{ at: string, first: Record<string, First> }} Sheet what is kept of one quiz */

const MOST_KEPT = 20; // quizzes
const store = keptUnder("ttn-quiz");

/** What is kept of the quiz of a seed; whatever else stands in the store is no answer.
 * @param {string} seed
 * @returns {Sheet} */
export function sheetOf(seed) {
  const { at, first } = store.read()[seed] ?? {};
  const answers = Object.entries(first && typeof first === "object" ? first : {});
  return {
    at: typeof at === "string" ? at : "",
    first: Object.fromEntries(answers.filter(([, each]) => typeof each?.choice === "string")),
  };
}

/** @param {any} sheet */
const turnOf = (sheet) => (Number.isFinite(sheet?.turn) ? sheet.turn : 0);

/** All quizzes, the one that was touched last first. Each bears its turn: a browser would bring
 * names that are numbers into their own order. */
const byTurn = () =>
  Object.entries(store.read()).toSorted(([, a], [, b]) => turnOf(b) - turnOf(a));

/** Keep it; the quiz that was touched longest ago makes room.
 * @param {string} seed
 * @param {Sheet} sheet */
export function keep(seed, sheet) {
  const found = byTurn();
  const turn = turnOf(found[0]?.[1]) + 1;
  const others = found.filter(([name]) => name !== seed).slice(0, MOST_KEPT - 1);
  store.write(Object.fromEntries([[seed, { ...sheet, turn }], ...others]));
}

/** The seed of the quiz that was touched last, with how many of its questions were answered.
 * @returns {{ seed: string, answered: number } | null} */
export function latest() {
  const seed = byTurn()[0]?.[0];
  if (seed === undefined) return null;
  return { seed, answered: Object.keys(sheetOf(seed).first).length };
}
