// The frame of the manifold, as `manifold_frame` in pages/practice/inside_vae/maps.py has it; the
// quantiles of the normal distribution come from there.

import { decode, loadModel } from "../shared/network.js";

/** @import { Frame } from "../types" */
/** @import { Model } from "../shared/network.js" */

/** @type {Model} */
let model;

/** @param {{ weights: string }} constants */
export async function prepare({ weights }) {
  model = await loadModel(weights);
}

/** @param {{ u1: number, u2: number }} values
 * @param {{ shares: number[], quantiles: number[] }} constants
 * @returns {Frame} */
export function frame({ u1, u2 }, { shares, quantiles }) {
  const [z1, z2] = [u1, u2].map((u) =>
    quantiles[shares.findIndex((share) => Math.abs(share - u) < 1e-9)]);
  return {
    traces: { point: { x: [u1], y: [u2] }, digit: { z: decode(model, [z1, z2]) } },
    numbers: { z1, z2 },
  };
}
