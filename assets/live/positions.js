// Where a parameter may stand, and where between two of its positions a hand is.

/** @import { Param } from "../types" */

/** Index of the position nearest to a value.
 * @param {ArrayLike<number>} positions
 * @param {number} value */
export function nearest(positions, value) {
  let best = 0;
  for (let i = 1; i < positions.length; i += 1) {
    if (Math.abs(positions[i] - value) < Math.abs(positions[best] - value)) best = i;
  }
  return best;
}

/** The position that a value stands for; any value is one of a seed.
 * @param {Param} param
 * @param {number} value */
export const position = ({ kind, positions }, value) =>
  (kind === "seed" ? value : positions[nearest(positions, value)]);

/** The value at a place: 2.25 is a quarter of the way from the third position to the fourth.
 * @param {ArrayLike<number>} positions
 * @param {number} place */
export function valueAt(positions, place) {
  const within = Math.min(positions.length - 1, Math.max(0, place));
  const low = Math.floor(within);
  const [from, to] = [positions[low], positions[Math.ceil(within)]];
  return from + (within - low) * (to - from);
}

/** The place of a value, the inverse of `valueAt`; positions rise.
 * @param {ArrayLike<number>} positions
 * @param {number} value */
export function placeOf(positions, value) {
  const last = positions.length - 1;
  if (value <= positions[0]) return 0;
  for (let i = 1; i <= last; i += 1) {
    if (value > positions[i]) continue;
    return i - (positions[i] - value) / (positions[i] - positions[i - 1]);
  }
  return last;
}

/** Whether all positions are whole numbers: there is nothing between them.
 * @param {number[]} positions */
export const whole = (positions) => positions.every(Number.isInteger);
