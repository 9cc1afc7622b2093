// The frame of the latent map, as `map_frame` in pages/practice/inside_vae/maps.py has it: the
// decoder runs in the browser. A browser test holds the two against each other.

import { decode, loadModel } from "../shared/network.js";

/** @import { Frame } from "../types" */
/** @import { Model } from "../shared/network.js" */
/** @typedef {{ first: number[], second: number[], digits: number[] }} Places */

/** @type {Model} */
let model;

/** @param {{ weights: string }} constants */
export async function prepare({ weights }) {
  model = await loadModel(weights);
}

/** @param {Places} places
 * @param {number} z1
 * @param {number} z2 */
function nearest({ first, second, digits }, z1, z2) {
  let best = 0;
  let least = Infinity;
  for (let i = 0; i < digits.length; i += 1) {
    const distance = Math.hypot(first[i] - z1, second[i] - z2);
    if (distance < least) [best, least] = [i, distance];
  }
  return { digit: digits[best], away: least };
}

/** @param {{ z1: number, z2: number }} values
 * @param {Places} constants
 * @returns {Frame} */
export function frame({ z1, z2 }, constants) {
  return {
    traces: { point: { x: [z1], y: [z2] }, digit: { z: decode(model, [z1, z2]) } },
    numbers: nearest(constants, z1, z2),
  };
}
