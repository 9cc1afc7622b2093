// The frame of the location-scale transform, as `frame` in pages/trick/location_scale/picture.py
// has it.
// A browser test holds the two against each other.

/** @import { Frame } from "../types" */

const UPPER_ROW = 1.1;
const MOST_ARROWS = 8;
const NUDGE = 0.5;
const SLICE_WIDTH = 0.4;
const ARROW_ROWS = { mu: -0.09, sigma: -0.28 };
const LANES = 4;
const LANE = 0.04;
const ARROWS = { mu: "∂z/∂μ = 1", sigma: "∂z/∂σ = ε" };
const ROOT = Math.sqrt(2 * Math.PI);

/** @param {number} x
 * @param {number} mean
 * @param {number} scale */
const density = (x, mean, scale) => Math.exp(-0.5 * ((x - mean) / scale) ** 2) / (scale * ROOT);

/** The area below the density, by Simpson's rule, where its parts are small beside the scale.
 * @param {number} from
 * @param {number} to
 * @param {number} mean
 * @param {number} scale */
function area(from, to, mean, scale) {
  const parts = 12;
  const step = (to - from) / parts;
  let sum = density(from, mean, scale) + density(to, mean, scale);
  for (let i = 1; i < parts; i += 1) sum += (i % 2 ? 4 : 2) * density(from + i * step, mean, scale);
  return (sum * step) / 3;
}

/** @param {number} count
 * @param {number} value */
const filled = (count, value) => new Float64Array(count).fill(value);

/** The density on a grid of eps, `foot` above zero.
 * @param {number[] | Float64Array} grid
 * @param {number} mean
 * @param {number} scale
 * @param {number} foot */
function curve(grid, mean, scale, foot) {
  const x = Float64Array.from(grid, (eps) => mean + scale * eps);
  return { x, y: x.map((at) => foot + density(at, mean, scale)) };
}

/** Strokes from (from, yFrom) to (to, yTo), with a gap after each.
 * @param {Float64Array} from
 * @param {Float64Array} to
 * @param {Float64Array} yFrom
 * @param {Float64Array} yTo */
function strokes(from, to, yFrom, yTo) {
  const x = new Float64Array(3 * from.length).fill(NaN);
  const y = new Float64Array(3 * from.length).fill(NaN);
  for (let i = 0; i < from.length; i += 1) {
    x.set([from[i], to[i]], 3 * i);
    y.set([yFrom[i], yTo[i]], 3 * i);
  }
  return { x, y };
}

/** @param {"mu" | "sigma"} name
 * @param {Float64Array} start
 * @param {Float64Array} slope
 * @param {number} foot */
function arrows(name, start, slope, foot) {
  const end = start.map((z, i) => z + NUDGE * slope[i]);
  const y = start.map((_, i) => foot + ARROW_ROWS[name] - LANE * (i % LANES));
  return {
    [ARROWS[name]]: strokes(start, end, y, y),
    [`${name} up`]: { x: end.map((z, i) => (slope[i] >= 0 ? z : NaN)), y },
    [`${name} down`]: { x: end.map((z, i) => (slope[i] < 0 ? z : NaN)), y },
  };
}

/** @param {number} mu
 * @param {number} sigma
 * @param {number} eps
 * @param {Float64Array} landed
 * @param {number} t
 * @param {number} scale of the bell on its way */
function numbers(mu, sigma, eps, landed, t, scale) {
  const z = mu + sigma * eps;
  const p = density(eps, 0, 1);
  const q = density(z, mu, sigma);
  const dz = sigma * SLICE_WIDTH;
  const mean = landed.reduce((sum, each) => sum + each, 0) / landed.length;
  const square = landed.reduce((sum, each) => sum + (each - mean) ** 2, 0) / landed.length;
  const gain = t > 0 ? 1 / t : 0;
  return {
    z, p, q, deps: SLICE_WIDTH, dz, area_eps: area(eps - SLICE_WIDTH / 2, eps + SLICE_WIDTH / 2, 0, 1),
    area_z: area(z - dz / 2, z + dz / 2, mu, sigma),
    sample_mean: mean, sample_deviation: Math.sqrt(square),
    grip_mu: gain, grip_right: gain, grip_left: -gain, grip_z: 1 / scale,
  };
}

/** @param {{ mu: number, sigma: number, eps: number, n: number, t: number }} values
 * @param {{ base: Float64Array, grid: Float64Array, slice: Float64Array }} constants
 * @returns {Frame} */
export function frame({ mu, sigma, eps, n, t }, constants) {
  const { base, grid, slice } = constants;
  const mean = t * mu;
  const scale = 1 - t + t * sigma;
  const foot = UPPER_ROW * (1 - t);
  const shown = base.subarray(0, n);
  const landed = shown.map((each) => mu + sigma * each);
  const underway = shown.map((each) => mean + scale * each);
  const around = slice.map((each) => eps + each);
  const cut = curve(around, mean, scale, foot);
  const bell = curve(grid, mean, scale, foot);
  const few = underway.subarray(0, MOST_ARROWS);
  const upper = filled(shown.length, UPPER_ROW);
  const lower = filled(shown.length, foot);
  const traces = {
    paths: strokes(shown, underway, upper, lower),
    "base samples": { x: shown, y: upper },
    samples: { x: underway, y: lower },
    foot: { x: [bell.x[0], bell.x[bell.x.length - 1]], y: filled(2, foot) },
    "q(z)": bell,
    "slice foot": { x: cut.x, y: filled(cut.x.length, foot) },
    slice: cut,
    "base slice foot": { x: around, y: filled(around.length, UPPER_ROW) },
    "base slice": curve(around, 0, 1, UPPER_ROW),
    "one eps": { x: [eps], y: [UPPER_ROW] },
    "its z": { x: [mean + scale * eps], y: [foot] },
    flank: curve([-1, 1], mean, scale, foot),
    ...arrows("mu", few, filled(few.length, t), foot),
    ...arrows("sigma", few, shown.subarray(0, MOST_ARROWS).map((each) => t * each), foot),
  };
  return { traces, numbers: numbers(mu, sigma, eps, landed, t, scale) };
}
