// The frame of an integral as an average, as `frame` in
// pages/obstacle/monte_carlo/average.py has it: draws and running means come from there, and the
// first n are picked here. A browser test holds the two against each other.

/** @import { Frame } from "../types" */
/** @typedef {{ z: Float64Array, value: Float64Array, mean: Float64Array, error: Float64Array,
 *   stops: Float64Array, shown: number, exact: number }} Constants */

/** @param {{ n: number }} values
 * @param {Constants} constants
 * @returns {Frame} */
export function frame({ n }, { z, value, mean, error, stops, shown, exact }) {
  const slots = Array.from({ length: shown }, (_, i) => i + Math.floor((n - 1 - i) / shown) * shown);
  const seen = (/** @type {(at: number) => number} */ of) =>
    slots.map((at) => (at >= 0 ? of(at) : NaN));
  const x = seen((at) => z[at]);
  const along = stops.map((stop) => Math.min(stop, n));
  const edge = (/** @type {number} */ errors) =>
    along.map((k) => mean[k - 1] + errors * error[k - 1]);
  const last = n - 1;
  return {
    traces: {
      draws: { x, y: seen((at) => value[at]) },
      rug: { x, y: seen(() => 0) },
      newest: { x: [z[last]], y: [value[last]] },
      below: { x: along, y: edge(-2) },
      band: { x: along, y: edge(2) },
      mean: { x: along, y: along.map((k) => mean[k - 1]) },
      tip: { x: [n], y: [mean[last]] },
    },
    numbers: {
      mean: mean[last], error: n > 1 ? error[last] : "?", exact, z: z[last], value: value[last],
    },
  };
}
