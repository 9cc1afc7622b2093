// A trained model in the browser: its safetensors file, and its two networks.
//
// The weights are half-precision numbers, as in the file; all sums are made in double precision. A
// browser test holds encoder and decoder against vae_core.

import { once } from "./load.js";

/** @typedef {{ rows: number, columns: number, weight: Float32Array, bias: Float32Array }} Layer */
/** @typedef {{ encoder: Layer[], decoder: Layer[] }} Model */
/** @import { Numeric } from "../types" */

/** @param {number} bits */
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const HALVES = Float32Array.from({ length: 65536 }, (_, bits) => half(bits));

/** The file: the length of its header in 8 bytes, the header as JSON, the numbers.
 * @param {ArrayBuffer} buffer
 * @returns {Model} */
function read(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const tensor = (/** @type {string} */ name) => {
    const { dtype, shape, data_offsets: [from, to] } = header[name];
    if (dtype !== "F16") throw new Error(`${name} is ${dtype}, and F16 is expected`);
    const bits = new Uint16Array(buffer.slice(8 + length + from, 8 + length + to));
    const values = new Float32Array(bits.length);
    for (let i = 0; i < bits.length; i += 1) values[i] = HALVES[bits[i]];
    return { shape, values };
  };
  const layers = (/** @type {"encoder" | "decoder"} */ part) =>
    JSON.parse(header.__metadata__[part]).map((/** @type {string} */ name) => {
      const { shape: [rows, columns], values: weight } = tensor(`${name}.weight`);
      return { rows, columns, weight, bias: tensor(`${name}.bias`).values };
    });
  return { encoder: layers("encoder"), decoder: layers("decoder") };
}

/** @param {string} address */
export const loadModel = (address) => once(address, async (url) => {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`the trained model could not be loaded: ${answer.status}`);
  return read(await answer.arrayBuffer());
});

/** Linear layers with a ReLU between each two.
 * @param {Layer[]} layers
 * @param {Numeric} input */
function forward(layers, input) {
  let values = Float64Array.from(input);
  layers.forEach(({ rows, columns, weight, bias }, depth) => {
    const sums = new Float64Array(rows);
    for (let i = 0, at = 0; i < rows; i += 1) {
      let sum = bias[i];
      for (let j = 0; j < columns; j += 1, at += 1) sum += weight[at] * values[j];
      sums[i] = depth < layers.length - 1 && sum < 0 ? 0 : sum;
    }
    values = sums;
  });
  return values;
}

/** An image (784,) to the parameters of q(z|x): {mu, sigma}, (D,) each.
 * @param {Model} model
 * @param {Numeric} x */
export function encode(model, x) {
  const found = forward(model.encoder, x);
  const latent = found.length / 2;
  return { mu: found.slice(0, latent), sigma: found.slice(latent).map((each) => Math.exp(each)) };
}

/** A latent (D,) to the mean of x, (784,).
 * @param {Model} model
 * @param {Numeric} z */
export function decode(model, z) {
  return forward(model.decoder, z).map((logit) => 1 / (1 + Math.exp(-logit)));
}
