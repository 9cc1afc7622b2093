// First answers, kept in the browser under one name; they make the score.

import { keptUnder } from "../shared/kept.js";

/** @typedef {{ choice: string, guess: number | null, right: boolean }} Kept a first answer */

const store = keptUnder("ttn-predictions");

/** First answers by the keys of their questions.
 * @returns {Record<string, Kept>} */
export const readAll = () => store.read();

/** @param {Record<string, Kept>} answers */
export const writeAll = (answers) => store.write(answers);

export function score() {
  const answers = Object.values(readAll());
  return { right: answers.filter((answer) => answer?.right).length, answered: answers.length };
}
