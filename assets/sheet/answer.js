// What the model makes of a drawing.

import { decode, encode } from "../shared/network.js";

/** @import { Numeric } from "../types" */
/** @import { Model } from "../shared/network.js" */
/** @typedef {ReturnType<typeof answer>} Answer */

/** mu, sigma, a picture for each eps, and the bound: the mean log p(x|z) over them less the KL.
 * @param {Model} model
 * @param {Numeric} x
 * @param {ArrayLike<number>} eps */
export function answer(model, x, eps) {
  const { mu, sigma } = encode(model, x);
  /** @type {Float64Array[]} */
  const pictures = [];
  let reconstruction = 0;
  for (let first = 0; first < eps.length; first += mu.length) {
    const mean = decode(model, mu.map((each, d) => each + sigma[d] * eps[first + d]));
    pictures.push(mean);
    mean.forEach((p, i) => {
      reconstruction += x[i] * Math.log(Math.max(p, 1e-30));
      reconstruction += (1 - x[i]) * Math.log(Math.max(1 - p, 1e-30));
    });
  }
  let kl = 0;
  mu.forEach((each, d) => { kl += (each ** 2 + sigma[d] ** 2 - 1) / 2 - Math.log(sigma[d]); });
  return { mu, sigma, pictures, kl, elbo: reconstruction / pictures.length - kl };
}
