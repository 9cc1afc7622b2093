// Between two exact pictures: how one is mixed with the other, and the short way from what is
// painted to what is due. Only places and greys are mixed; numbers and words are never between.

/** @import { Arrays, Numeric } from "../types" */
/** @typedef {Record<string, Arrays>} Traces */

const GLIDE_MS = 80;
const MIXED = /** @type {const} */ (["x", "y", "z"]);

/** @param {any} list */
const numeric = (list) => ArrayBuffer.isView(list) || typeof list?.[0] === "number";

/** What both have is mixed; what only the longer one has stands where it stands there. Where one of
 * two numbers is missing, the nearer list says what is there.
 * @param {Numeric} from
 * @param {Numeric} to
 * @param {number} part */
function mixLists(from, to, part) {
  const longer = from.length > to.length ? from : to;
  const nearer = part < 0.5 ? from : to;
  const found = Float64Array.from(longer);
  for (let i = 0; i < Math.min(from.length, to.length); i += 1) {
    const between = from[i] + part * (to[i] - from[i]);
    found[i] = Number.isFinite(between) ? between : nearer[i];
  }
  return found;
}

/** Numbers are mixed, anything else is that of the nearer end.
 * @param {any} from
 * @param {any} to
 * @param {number} part */
function mixAny(from, to, part) {
  if (from === to || to === undefined) return to;
  if (numeric(from) && numeric(to)) return mixLists(from, to, part);
  return (part < 0.5 && from) || to;
}

/** What lies `part` of the way from one trace to another. Has one more points than the other,
 * `rest` says from which on, and how much of them there is.
 * @param {Arrays} from
 * @param {Arrays} to
 * @param {number} part
 * @returns {Arrays} */
function mixTrace(from, to, part) {
  /** @type {Arrays} */
  const found = { ...to };
  for (const name of MIXED) if (to[name]) found[name] = mixAny(from[name], to[name], part);
  const [before, after] = [from.y?.length ?? 0, to.y?.length ?? 0];
  if (!before || !after || before === after) {
    if (to.text) found.text = (part < 0.5 && from.text) || to.text;
    return found;
  }
  found.rest = { from: Math.min(before, after), share: after > before ? part : 1 - part };
  if (before > after && to.text) found.text = from.text;
  return found;
}

/** The traces of `to`, on their way from where they are in `from`.
 * @param {Traces} from
 * @param {Traces} to
 * @param {number} part
 * @returns {Traces} */
export function mix(from, to, part) {
  if (part >= 1) return to;
  return Object.fromEntries(Object.entries(to).map(([name, arrays]) =>
    [name, from[name] ? mixTrace(from[name], arrays, part) : arrays]));
}

export class Glide {
  /** What was painted when it began.
   * @type {Traces} */
  #from = {};
  /** Where it leads.
   * @type {Traces} */
  #due = {};
  #began = -Infinity;

  /** @param {() => number} clock milliseconds */
  constructor(clock = () => performance.now()) {
    this.clock = clock;
  }

  /** How far it has come, from 0 to 1; fast at first, then slower. */
  get #share() {
    const left = Math.max(0, 1 - (this.clock() - this.#began) / GLIDE_MS);
    return 1 - left * left;
  }

  /** Until its end has been asked for: time alone does not paint the last step. */
  get underWay() {
    return this.#began > -Infinity;
  }

  /** Set out from what is painted now; to where, `toward` is told.
   * @param {Traces} painted */
  begin(painted) {
    if (!this.underWay) this.#due = {};
    this.#from = { ...painted };
    this.#began = this.clock();
  }

  /** What is to be painted now, on the way to what is due; that may move on meanwhile, and what
   * was due before and is not moved by it is reached as well.
   * @param {Traces} due
   * @returns {Traces} */
  toward(due) {
    this.#due = { ...this.#due, ...due };
    const share = this.#share;
    if (share >= 1) return this.end();
    return mix(this.#from, this.#due, share);
  }

  /** Be there at once.
   * @returns {Traces} what was due */
  end() {
    const due = this.#due;
    this.#due = {};
    this.#from = {};
    this.#began = -Infinity;
    return due;
  }
}
