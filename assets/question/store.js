// First answers, kept in the browser's localStorage under one name; they make the score. Nothing is
// sent anywhere.

/** @typedef {{ choice: string, guess: number | null, right: boolean }} Kept a first answer */

const STORE = "ttn-predictions";

/** Where the browser refuses to store.
 * @type {Map<string, Kept>} */
const fallback = new Map();

/** First answers by the keys of their questions.
 * @returns {Record<string, Kept>} */
export function readAll() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE) ?? "{}");
    return kept && typeof kept === "object" ? kept : {};
  } catch {
    return Object.fromEntries(fallback);
  }
}

/** @param {Record<string, Kept>} answers */
export function writeAll(answers) {
  fallback.clear();
  for (const [key, value] of Object.entries(answers)) fallback.set(key, value);
  try {
    localStorage.setItem(STORE, JSON.stringify(answers));
  } catch {
    // Kept for this visit only.
  }
}

export function score() {
  const answers = Object.values(readAll());
  return { right: answers.filter((answer) => answer?.right).length, answered: answers.length };
}
