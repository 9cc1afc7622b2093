// Where the pictures under a moving hand come from: a module that computes them here, pictures
// fetched by their names, or what each slider would show, computed ahead by Python.

import { unpackConstants } from "../shared/decode.js";
import { loadModule } from "../shared/load.js";
import { Ahead } from "./ahead.js";
import { mix } from "./glide.js";
import { placeOf, whole } from "./positions.js";
import { Shelf } from "./shelf.js";

/** @import { Frame, FrameModule, Param, Payload, Transport, Values } from "../types" */

export class Frames {
  /** The module that computes frames here, where there is one.
   * @type {FrameModule | null} */
  module = null;
  /** What the picture depends on beside its parameters, as Python said last.
   * @type {string | null} */
  context = null;
  /** What the module needs beside the values.
   * @type {Record<string, any>} */
  constants = {};
  /** @type {string | null} */
  #packed = null;

  /** @param {() => void} arrived */
  constructor(arrived) {
    this.shelf = new Shelf(arrived);
    this.ahead = new Ahead(arrived);
  }

  /** @param {Payload} data */
  async load({ formulaJs, constants }) {
    this.module = formulaJs ? await loadModule(formulaJs) : null;
    await this.module?.prepare?.(constants);
  }

  /** Take what Python says; true if that changes the pictures painted so far.
   * @param {Payload} data */
  take({ context, constants }) {
    this.context = context;
    const packed = JSON.stringify(constants);
    if (packed === this.#packed) return false;
    this.#packed = packed;
    this.constants = unpackConstants(constants);
    return true;
  }

  /** A link leads elsewhere, where other controls may stand otherwise: let Python draw.
   * @param {boolean} changed whether they do */
  leave(changed) {
    this.context = null;
    if (changed) this.#packed = null;
  }

  /** Ask for the pictures that the bar may come to, where they are fetched.
   * @param {Transport | null} transport
   * @param {Param | undefined} param */
  fetch(transport, param) {
    if (transport?.fetched) this.shelf.fetch(transport.fetched, param?.names ?? []);
  }

  /** The picture under a hand, with the numbers of the position that is nearest: between those of
   * two positions; where a formula runs here, its own at any value. null if it is not known yet.
   * @param {Payload} data
   * @param {Values} values
   * @param {Values} fine where the hand is
   * @param {Param[]} params
   * @returns {Frame | null} */
  under(data, values, fine, params) {
    const frame = this.at(data, values, params);
    const between = params.filter(({ key }) => key in fine);
    if (!between.length || !frame) return frame;
    const at = (/** @type {Values} */ moved) => this.at(data, { ...values, ...moved }, params);
    const stepped = between.find(({ positions }) => !this.module || whole(positions));
    if (!stepped) return { ...frame, traces: at(fine)?.traces ?? {} };
    const { key, positions } = stepped;
    const free = this.module ? fine : {};
    const place = placeOf(positions, fine[key]);
    const [low, high] = [Math.floor(place), Math.ceil(place)].map((i) =>
      at({ ...free, [key]: positions[i] }));
    return low && high ? { ...frame, traces: mix(low.traces, high.traces, place % 1) } : frame;
  }

  /** The picture at some values of the figure's parameters; null if it is not known yet.
   * @param {Payload} data
   * @param {Values} values
   * @param {Param[]} params
   * @returns {Frame | null} */
  at({ transport }, values, params) {
    if (this.module) return this.module.frame(values, this.constants);
    const place = (/** @type {string} */ name) => {
      const param = params.find((each) => each.key === name);
      return { param, index: param ? param.positions.indexOf(values[name]) : -1 };
    };
    if (transport?.fetched) {
      const { param, index } = place(transport.param);
      return this.shelf.frame(param?.names?.[index] ?? "");
    }
    const axis = this.ahead.axis(this.context, values);
    return axis ? axis.frameAt(place(axis.name).index) : null;
  }
}
