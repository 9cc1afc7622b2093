// What a figure's values are, what Python knows of them, and what it was told: the conversation
// between a hand and Python, without a picture and without a page.
//
// Values move under the hand (input) while it holds (hold, release) and come to rest (settle); then
// Python is told, once, and its answer is awaited. An answer is taken unless it is outdated: it
// speaks of other values than those last told, or the hand has moved on since.

/** @import { Param, Values } from "../types" */

const ANSWER_MS = 5000; // how long an answer to what was told is waited for
const AGAIN_MS = 250;

/** The values as Python takes them: what stands at its default goes along where the default goes.
 * @param {Values} values
 * @param {Param[]} params */
const asTold = (values, params) => JSON.stringify(
  params.map(({ key, default: start }) => (values[key] === start ? null : values[key])),
);

/**
 * @typedef {object} Surroundings
 * @property {() => Param[]} params the parameters, as their controls have them
 * @property {() => boolean} playing whether something else than a hand moves the values
 * @property {(values: Values, atDefault: string[]) => void} tell Python shall know
 * @property {() => void} rested it rests, and Python knows already
 */

export class State {
  /** The values now; null before Python has said any.
   * @type {Values | null} */
  values = null;
  /** Where a hand is while it is between two positions; `values` has the nearest one.
   * @type {Values} */
  fine = {};
  /** The values that Python has answered for, or was told last; as text. */
  known = "";
  /** What was told and not answered yet.
   * @type {string | null} */
  awaited = null;
  /** Key of the parameter under the hand.
   * @type {string | null} */
  held = null;
  /** Something came that was not shown: Python is asked again at rest. */
  missed = false;
  #toldAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {Surroundings} around
   * @param {() => number} clock milliseconds
   */
  constructor(around, clock = () => performance.now()) {
    this.around = around;
    this.clock = clock;
  }

  /** The values as text. */
  get text() {
    return JSON.stringify(this.values);
  }

  /** Under a hand, on the way to rest, or playing. */
  get busy() {
    return Boolean(this.held) || this.#timer !== undefined || this.around.playing();
  }

  /** Python says these values: "outdated" where they are not taken, "awaited" where they are what
   * it was told, "news" else.
   * @param {Values} incoming
   * @param {Param[]} params as Python has them now
   * @returns {"outdated" | "awaited" | "news"} */
  answer(incoming, params) {
    const awaited = this.awaited === asTold(incoming, params);
    const late = this.clock() - this.#toldAt > ANSWER_MS;
    const text = JSON.stringify(incoming);
    this.missed = true;
    if (this.awaited && !awaited && !late) return "outdated";
    this.awaited = null;
    if (this.busy && this.values && text !== this.text) return "outdated";
    this.missed = false;
    if (!this.busy) this.fine = {};
    this.values = incoming;
    this.known = text;
    return awaited ? "awaited" : "news";
  }

  /** A control moves; false where it stands there already.
   * @param {string} key
   * @param {number} value a position
   * @param {number} fine where the hand is, near that position */
  input(key, value, fine = value) {
    const before = this.fine[key] ?? this.values?.[key];
    const { [key]: _, ...others } = this.fine;
    this.fine = fine === value ? others : { ...others, [key]: fine };
    if (before === fine && this.values?.[key] === value) return false;
    if (this.values?.[key] !== value) this.values = { ...this.values, [key]: value };
    return true;
  }

  /** The hand is off: what was between two positions stands at the nearer one.
   * @returns {boolean} whether anything was */
  land() {
    const between = Object.keys(this.fine).length > 0;
    this.fine = {};
    return between;
  }

  /** A link sets all values, and tells Python itself.
   * @param {Values} values */
  jump(values) {
    this.values = { ...values };
    this.fine = {};
    this.#expect(this.values, this.around.params());
  }

  /** @param {string} key */
  hold(key) {
    this.held = key;
  }

  release() {
    this.held = null;
    if (this.missed) this.settle(AGAIN_MS);
  }

  /** It rests in `delay` milliseconds, if nothing moves until then.
   * @param {number} delay */
  settle(delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#rest();
    }, delay);
  }

  end() {
    clearTimeout(this.#timer);
  }

  #rest() {
    if (!this.values || (this.text === this.known && !this.missed)) {
      this.around.rested();
      return;
    }
    const { values } = this;
    const params = this.around.params();
    this.#expect(values, params);
    const stay = params.filter(({ key, default: start }) => values[key] === start);
    this.around.tell(values, stay.map(({ key }) => key));
  }

  /** @param {Values} values
   * @param {Param[]} params */
  #expect(values, params) {
    this.awaited = asTold(values, params);
    this.known = this.text;
    this.#toldAt = this.clock();
  }
}
