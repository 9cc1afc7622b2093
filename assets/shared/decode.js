// Packed arrays back to arrays: looked-ahead frames (float32, pictures as bytes), and what a module
// of frames needs (float64).

/** @import { Ahead, Arrays, Frame, Names, Values } from "../types" */

/** @param {string} text in base 64 */
export function bytesOf(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
  return bytes.buffer;
}

/** @param {Record<string, any>} packed */
export function unpackConstants(packed) {
  /** @type {Record<string, any>} */
  const constants = {};
  for (const [name, value] of Object.entries(packed)) {
    constants[name] = value && value.f8 !== undefined ? new Float64Array(bytesOf(value.f8)) : value;
  }
  return constants;
}

/** One axis of a look-ahead: what a slider would show while everything else stays as it was. */
export class Axis {
  /** @param {{ axis?: string, context?: string, from: Values, ahead: Ahead }} message */
  constructor({ axis = "", context = "", from, ahead: packed }) {
    this.name = axis;
    this.context = context;
    this.from = Object.entries(from);
    this.fields = packed.fields;
    this.numbers = packed.numbers;
    this.data = new Float32Array(bytesOf(packed.data));
    this.greys = new Uint8Array(bytesOf(packed.greys));
  }

  /** It counts where the other parameters stand where they stood when it was computed.
   * @param {string | null} context
   * @param {Values} values */
  serves(context, values) {
    return context === this.context && this.from.every(([name, value]) => values[name] === value);
  }

  /** What changes at a position.
   * @param {number} index
   * @returns {Frame} */
  frameAt(index) {
    /** @type {Record<string, Arrays>} */
    const traces = {};
    for (const field of this.fields) {
      const arrays = (traces[field.trace] ??= {});
      const [from, to] = field.words ? [] : [field.at[index], field.at[index] + field.size[index]];
      if (field.words) arrays[field.attr] = field.words[index];
      else if (field.attr !== "z") arrays[field.attr] = this.data.subarray(from, to);
      else arrays.z = Float32Array.from(this.greys.subarray(from, to), (grey) => grey / 255);
    }
    /** @type {Names} */
    const numbers = {};
    for (const [name, values] of Object.entries(this.numbers)) numbers[name] = values[index];
    return { traces, numbers };
  }
}
