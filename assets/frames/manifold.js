// The frame of the manifold, as `manifold_frame` in pages/practice/inside_vae/maps.py has it; the
// quantiles of the normal distribution come from there, and
// between two of them from the nearest one.

import { nearest } from "../live/positions.js";
import { decode, loadModel } from "../shared/network.js";

/** @import { Frame } from "../types" */
/** @import { Model } from "../shared/network.js" */

const STEPS = 16;
/** @type {Model} */
let model;

/** @param {{ weights: string }} constants */
export async function prepare({ weights }) {
  model = await loadModel(weights);
}

const ROOT = Math.sqrt(2 * Math.PI);

const slope = (/** @type {number} */ z) => ROOT * Math.exp(0.5 * z * z);

/** The quantile z at u, where that at a share close by is known: dz/du = 1 / density(z), in steps
 * of the Runge-Kutta method so short that nothing is lost.
 * @param {number} u
 * @param {number[]} shares
 * @param {number[]} quantiles */
function quantile(u, shares, quantiles) {
  const near = nearest(shares, u);
  if (u === shares[near]) return quantiles[near];
  const step = (u - shares[near]) / STEPS;
  let z = quantiles[near];
  for (let i = 0; i < STEPS; i += 1) {
    const first = slope(z);
    const second = slope(z + 0.5 * step * first);
    const third = slope(z + 0.5 * step * second);
    const fourth = slope(z + step * third);
    z += (step / 6) * (first + 2 * second + 2 * third + fourth);
  }
  return z;
}

/** @param {{ u1: number, u2: number }} values
 * @param {{ shares: number[], quantiles: number[] }} constants
 * @returns {Frame} */
export function frame({ u1, u2 }, { shares, quantiles }) {
  const [z1, z2] = [u1, u2].map((u) => quantile(u, shares, quantiles));
  return {
    traces: { point: { x: [u1], y: [u2] }, digit: { z: decode(model, [z1, z2]) } },
    numbers: { z1, z2 },
  };
}
