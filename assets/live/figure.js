// The live figure in the browser: one instance for each figure that Python shows.
//
// show(component)    Python's answer, or a figure that has changed on its own
// input(key, value)  a control moves: the next animation frame paints the picture of its value
// settle(delay)      it rests: after `delay` ms Python is told, once, and plotly is brought in line
// need()             a hand is near: pictures that are fetched, and not sent ahead, are asked for
// What is known, awaited and told is in state.js, the plot in stage.js, the pictures in frames.js.

import { make } from "../shared/dom.js";
import { mayTell } from "../shared/leaving.js";
import { mount } from "../shared/mount.js";
import { attend } from "../shared/presenter.js";
import { goTo, writeValues } from "./address.js";
import { Frames } from "./frames.js";
import { Grips } from "./grips.js";
import { loadParts } from "./loading.js";
import { position } from "./positions.js";
import { Controls } from "./sliders.js";
import { Stage } from "./stage.js";
import { State } from "./state.js";
import { Palette } from "./style.js";
import { Words } from "./surround.js";
import { TransportBar } from "./transport.js";

/** @import { Component, Names, Param, Payload, Values } from "../types" */

const ANSWER_MS = 1500; // plotly waits so long for the answer, as it brings a figure of its own

class LiveFigure {
  /** @type {Payload} */
  data = /** @type {any} */ (null);
  /** @type {Component<Payload>["setTriggerValue"]} */
  tell = () => {};
  /** Numbers and words of the picture that is shown.
   * @type {Names} */
  names = {};
  /** @type {any} */
  katex = null;
  ending = new AbortController();
  /** @type {number | null} */
  asked = null;
  calm = matchMedia("(prefers-reduced-motion: reduce)");

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.stage = new Stage(this);
    const gripRoot = make("div", { class: "ttn-grips", "aria-hidden": "true" });
    this.frameRoot = make("div", { class: "ttn-stage", role: "group", onkeydown:
      (/** @type {KeyboardEvent} */ event) => this.key(event) }, this.stage.plot, gripRoot);
    const sliders = make("div", { class: "ttn-sliders" });
    const bar = make("div", { class: "ttn-transport", role: "toolbar", "aria-label": "Playback" });
    this.words = new Words(this);
    this.frames = new Frames(() => this.hear());
    const near = () => this.need();
    this.root = make("div", { class: "ttn-live", onpointerenter: near, onfocusin: near },
      this.frameRoot, this.words.hint, bar, sliders, ...this.words.nodes);
    parent.append(this.root);
    this.controls = new Controls(sliders, this);
    this.transport = new TransportBar(bar, this);
    this.grips = new Grips(gripRoot, this);
    this.palette = new Palette(this.root);
    this.state = new State({
      params: () => this.params,
      playing: () => Boolean(this.transport.running),
      tell: (values, atDefault) => this.report(values, atDefault),
      rested: () => this.rested(),
    });
    matchMedia("(prefers-color-scheme: dark)")
      .addEventListener("change", () => this.retheme(), { signal: this.ending.signal });
  }

  // ---- what Python says -------------------------------------------------------------------

  /** @param {Component<Payload>} component */
  async show(component) {
    const { data } = component;
    this.data = data;
    this.tell = component.setTriggerValue;
    try {
      const { katex, plotly } = await loadParts(data, this.frames);
      [this.katex, this.stage.plotly] = [katex, plotly];
    } catch {
      if (this.data === data) this.apologize(() => this.show(component));
      return;
    }
    const fresh = await this.stage.read(data);
    if (this.data !== data) return; // a newer answer came while the parts were loading
    const themed = this.palette.refresh();
    const incoming = Object.fromEntries(data.params.map(({ key, value }) => [key, value]));
    const answer = this.state.answer(incoming, data.params);
    if (answer === "outdated") return;
    const { known } = this.state; // as the hand may move on while plotly draws
    const reseeded = this.frames.take(data);
    const current = this.stage.painted === known && !themed && !reseeded;
    if (!current) this.stage.glide.end();
    if (fresh) this.stage.take(fresh);
    this.names = { ...data.names };
    this.words.standAlone(null);
    this.showControls();
    if (!current || fresh || this.stage.moved.size) {
      this.stage.moved.clear();
      if (answer === "awaited" && current) this.stage.syncSoon();
      else await this.stage.draw();
    } else this.stage.fill();
    this.words.set(this.names);
    this.words.restSoon();
    this.label();
    this.frames.ahead.fetch(this.data);
    this.hear();
    this.root.dataset.settled = known;
  }

  /** What is needed did not come: the words stand alone, and another try is offered.
   * @param {() => void} again */
  apologize(again) {
    this.names = { ...this.data.names };
    this.words.show(this.data);
    this.words.set(this.names);
    this.words.standAlone(again);
  }

  showControls() {
    const { data } = this;
    this.root.classList.toggle("ttn-presenting", data.present);
    if (data.present) attend();
    const time = data.transport?.param;
    const shown = this.transport.show(data.transport, data.params.find(({ key }) => key === time));
    if (!shown) this.state.missed = true; // it moves, so it is told again when it rests
    this.controls.show(data.params.filter(({ key }) => key !== time), data.key);
    this.frameRoot.tabIndex = data.transport ? 0 : -1;
    this.grips.show(data.handles);
    this.words.show(data);
    this.place();
  }

  /** The controls stand where the values are. */
  place() {
    this.controls.set(this.values, this.state.fine);
    this.transport.set(this.values, this.state.fine);
  }

  // ---- the picture ------------------------------------------------------------------------

  save() {
    return this.stage.save();
  }

  retheme() {
    if (!this.palette.refresh() || !this.stage.figure) return;
    this.words.typeset = false;
    this.words.set(this.names);
    this.stage.sync();
  }

  label = () => this.frameRoot.setAttribute("aria-label", `Figure. ${this.words.sentence ?? ""}`);

  // ---- under the finger -------------------------------------------------------------------

  /** @returns {Values} */
  get values() {
    return this.state.values ?? {};
  }

  get held() {
    return this.state.held;
  }

  /** The keys of the bar work on the figure and on what can be focused in a diagram.
   * @param {KeyboardEvent} event */
  key(event) {
    const node = /** @type {Element} */ (event.target);
    if (node === this.frameRoot || node.closest(".ttn-diagram")) this.transport.key(event);
  }

  /** @param {string} key
   * @param {number} value */
  input(key, value) {
    const known = position(this.param(key), value);
    if (!this.state.input(key, known, this.calm.matches ? known : value)) return;
    if (!this.state.held && !this.transport.running) this.stage.depart();
    this.ask();
  }

  /** @param {string} key */
  hold(key) {
    if (key !== this.data.transport?.param && !this.frames.module) this.transport.pause();
    this.state.hold(key);
    this.need();
  }

  release() {
    this.state.release();
    this.land();
  }

  /** From between two positions to the nearer one. */
  land() {
    if (!this.state.land()) return;
    this.stage.depart();
    this.stage.syncSoon();
    this.ask();
  }

  /** @param {number} delay */
  settle(delay) {
    if (!this.held) this.land();
    this.state.settle(delay);
  }

  /** A look-ahead has come, or is awaited: it may hold the picture that a moving hand waits for. */
  hear() {
    this.root.dataset.ahead = String(this.frames.ahead.coming);
    if (this.state.busy) this.ask();
  }

  need() {
    this.frames.fetch(this.transport.transport, this.transport.param);
  }

  ask() {
    this.asked ??= requestAnimationFrame(() => {
      this.asked = null;
      this.paint();
    });
  }

  paint() {
    this.place();
    const frame = this.frames.under(this.data, this.values, this.state.fine, this.params);
    if (frame) this.names = { ...this.names, ...frame.numbers, ...this.values };
    else this.need();
    this.stage.paint(frame);
    if (frame) this.words.set(this.names);
    if (frame && this.stage.glide.underWay) this.ask();
  }

  // ---- at rest ----------------------------------------------------------------------------

  /** The visitor lets go: address, then Python; plotly waits for the answer, but not for ever.
   * @param {Values} values
   * @param {string[]} atDefault */
  report(values, atDefault) {
    if (!mayTell()) return;
    writeValues(this.params, values);
    this.stage.syncSoon(ANSWER_MS);
    this.tell("changed", { values, atDefault });
  }

  rested() {
    this.words.restSoon();
    this.stage.syncSoon();
  }

  /** @param {number} number */
  choosePreset(number) {
    const { query, values } = this.data.presets[number];
    goTo(query);
    this.transport.pause();
    this.frames.leave(Object.keys(query).some((name) => !(name in values)));
    this.state.jump(values);
    this.stage.depart();
    this.stage.syncSoon(ANSWER_MS);
    this.ask();
    this.tell("changed", { preset: number });
  }

  get params() {
    return this.transport.among(this.data.params);
  }

  /** @param {string} key */
  param(key) {
    return /** @type {Param} */ (this.params.find((param) => param.key === key));
  }

  /** @param {string} key */
  locked = (key) => this.param(key)?.hidden ?? true;

  remove() {
    this.ending.abort();
    this.stage.remove();
    this.state.end();
    this.words.end();
    this.transport.pause();
    this.frames.ahead.end();
    this.root.remove();
  }
}

export const show = mount(LiveFigure);
