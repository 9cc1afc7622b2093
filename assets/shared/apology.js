// What stands in the place of a part that could not be loaded: a sentence, and another try.

import { make } from "./dom.js";

/**
 * @param {string} sentence
 * @param {() => void} again
 */
export function apology(sentence, again) {
  const button = make("button", { type: "button", onclick: again }, "Try again");
  return make("div", { class: "ttn-apology", role: "alert" }, make("p", {}, sentence), button);
}
