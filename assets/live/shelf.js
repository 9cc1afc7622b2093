// Pictures that are fetched when a hand comes near: each once, and kept by its name.

import { Axis } from "../shared/decode.js";
import { fromBase } from "../shared/load.js";

/** @import { Ahead, Frame } from "../types" */

export class Shelf {
  /** By name; null for one that the server has no more.
   * @type {Map<string, Frame | null>} */
  frames = new Map();
  asking = false;

  /** @param {() => void} arrived */
  constructor(arrived) {
    this.arrived = arrived;
  }

  /** @param {string} name */
  frame(name) {
    return this.frames.get(name) ?? null;
  }

  /** Ask for those of `names` that are not here yet; what is not among them any more goes.
   * @param {string} address
   * @param {string[]} names */
  async fetch(address, names) {
    const lacking = names.filter((name) => !this.frames.has(name));
    if (this.asking || !lacking.length) return;
    this.asking = true;
    try {
      const url = new URL(fromBase(address));
      url.searchParams.set("names", lacking.join(","));
      const answer = await fetch(url);
      if (answer.ok) this.keep(await answer.json(), lacking, names);
    } catch {
      // The network is away: what is lacking is asked for again when the hand comes back.
    } finally {
      this.asking = false;
    }
  }

  /** @param {{ names: string[], ahead: Ahead }} answer
   * @param {string[]} lacking
   * @param {string[]} wanted */
  keep({ names: found, ahead }, lacking, wanted) {
    for (const name of lacking) this.frames.set(name, null);
    if (found.length) {
      const packed = new Axis({ from: {}, ahead });
      found.forEach((name, i) => this.frames.set(name, packed.frameAt(i)));
    }
    for (const name of this.frames.keys()) if (!wanted.includes(name)) this.frames.delete(name);
    this.arrived();
  }
}
