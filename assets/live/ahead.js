// What each slider of a figure would show: fetched once the figure itself stands, which never waits
// for it. The axis that was just dragged is the same as before, and not fetched again.

import { Axis } from "../shared/decode.js";
import { fromBase } from "../shared/load.js";

/** @import { Payload, Values } from "../types" */

export class Ahead {
  /** By axis: where it is fetched, whether it still comes, and what has come.
   * @type {Map<string, { address: string, comes: boolean, ending: AbortController,
   *   axis: Axis | null }>} */
  #walks = new Map();

  /** @param {() => void} arrived */
  constructor(arrived) {
    this.arrived = arrived;
  }

  /** The axis that holds the picture of these values.
   * @param {string | null} context
   * @param {Values} values */
  axis(context, values) {
    const axes = Array.from(this.#walks.values(), ({ axis }) => axis);
    return axes.find((axis) => axis?.serves(context, values)) ?? null;
  }

  /** How many sliders are still without what they would show. */
  get coming() {
    return Array.from(this.#walks.values()).filter(({ comes }) => comes).length;
  }

  /** Ask for what the sliders would show from where they stand; what is not needed any more is
   * given up, also by the server.
   * @param {Payload} data */
  fetch({ context, params, ahead }) {
    const wanted = new Map(ahead.map(({ axis, address }) => [axis, address]));
    for (const [name, { address, ending }] of this.#walks) {
      if (wanted.get(name) === address) wanted.delete(name);
      else ending.abort();
    }
    for (const [name, address] of wanted) {
      const others = params.filter(({ key }) => key !== name);
      const from = Object.fromEntries(others.map(({ key, value }) => [key, value]));
      this.#walk(name, address, context, from);
    }
  }

  /** @param {string} name
   * @param {string} address
   * @param {string} context
   * @param {Values} from */
  async #walk(name, address, context, from) {
    const ending = new AbortController();
    // What was there before serves until the new one has come.
    const walk = { address, comes: true, ending, axis: this.#walks.get(name)?.axis ?? null };
    this.#walks.set(name, walk);
    try {
      const answer = await fetch(fromBase(address), { signal: ending.signal });
      if (!answer.ok) throw new Error(answer.statusText);
      walk.axis = new Axis({ axis: name, context, from, ahead: await answer.json() });
    } catch {
      // The network is away, or this is not needed any more: the next answer asks again.
      walk.address = "";
    }
    walk.comes = false;
    if (this.#walks.get(name) === walk) this.arrived();
  }

  end() {
    for (const { ending } of this.#walks.values()) ending.abort();
  }
}
