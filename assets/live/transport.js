// The bar of what moves in time: play, pause, step, back, speed, reset, scrub.

import { icon, make } from "../shared/dom.js";
import { format } from "../shared/words.js";
import { nearest, placeOf, valueAt } from "./positions.js";

/** @import { Moved, Param, Transport, Values } from "../types" */

const MOVING = { value: null, default: null, positions: null, names: null };
const SPEEDS = [0.25, 0.5, 1, 2, 4];

/** Where a parameter may move, as text.
 * @param {Param | undefined} param */
const places = (param) => JSON.stringify([param?.positions, param?.names]);

export class TransportBar {
  /** @type {Transport | null} */
  transport = null;
  /** The parameter that moves, as the bar has it.
   * @type {Param | undefined} */
  param;
  speed = 1;
  /** The animation frame that is asked for while it plays; else 0. */
  running = 0;
  /** Where and when it started to play. */
  from = 0;
  since = 0;
  built = "";

  /** @param {HTMLElement} root
   * @param {Moved} owner */
  constructor(root, owner) {
    this.root = root;
    this.owner = owner;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.playing = this.button("play", "Play", () => this.toggle());
    this.readout = make("output", { "aria-live": "off" });
    this.range = make("input", { type: "range", min: 0, step: 1, oninput: () => this.slide(),
      onpointerdown: () => this.grasp(),
      onpointerup: () => this.leave(),
      onpointercancel: () => this.leave(),
      onchange: () => owner.settle(250) });
    this.scrub = make("span", { class: "ttn-scrub" }, this.range, this.readout);
  }

  /** The parameter that moves; only where there is a transport. */
  get moving() {
    return /** @type {Param} */ (this.param);
  }

  /** Positions may be added while a run goes on: the bar stays then, with focus and speed. Under a
   * hand, or while it plays, it keeps those it has; false says so.
   * @param {Transport | null} transport
   * @param {Param | undefined} param */
  show(transport, param) {
    const wanted = JSON.stringify([transport, { ...param, ...MOVING }]);
    if (wanted === this.built) return this.extend(param);
    this.pause();
    this.built = wanted;
    this.transport = transport;
    this.param = param;
    this.root.replaceChildren();
    this.root.hidden = transport?.hidden ?? true;
    if (transport) this.root.append(...this.buttons(transport), this.scrubber(), this.speeds());
    return true;
  }

  /** @param {Param | undefined} param */
  extend(param) {
    if (places(param) === places(this.param)) return true;
    if (this.running || this.owner.held) return false;
    this.param = param;
    this.range.max = String(this.last);
    return true;
  }

  /** The parameters; its own as the bar has it, which may be behind what Python said.
   * @param {Param[]} params */
  among(params) {
    const { param: own } = this;
    return params.map((param) => (param.key === own?.key ? own : param));
  }

  /** @param {Parameters<typeof icon>[0]} name
   * @param {string} title
   * @param {() => void} act */
  button(name, title, act) {
    const attributes = { type: "button", title, "aria-label": title, onclick: act };
    return make("button", attributes, icon(name));
  }

  /** @param {Transport} transport */
  buttons(transport) {
    const jumps = transport.buttons.map(([label, amount]) =>
      make("button", { type: "button", onclick: () => this.jump(amount) }, label),
    );
    return [
      this.playing,
      this.button("back", "One step back", () => this.step(-1)),
      this.button("forward", "One step on", () => this.step(1)),
      this.button("reset", "Back to the start", () => this.go(0)),
      ...jumps,
    ];
  }

  scrubber() {
    const { label, colour } = this.moving;
    this.range.max = String(this.last);
    this.range.setAttribute("aria-label", label);
    this.scrub.style.setProperty("--colour", `var(--ttn-${colour ?? "accent"})`);
    return this.scrub;
  }

  /** As a slider's: under a hand the thumb goes where the hand goes. */
  grasp() {
    this.range.step = "any";
    this.owner.hold(this.moving.key);
  }

  leave() {
    this.range.step = "1";
    this.owner.release();
  }

  slide() {
    this.pause();
    this.owner.input(this.moving.key, valueAt(this.moving.positions, Number(this.range.value)));
  }

  speeds() {
    const select = make("select", { "aria-label": "Speed" }, ...SPEEDS.map((speed) =>
      make("option", { value: speed, selected: speed === 1 }, `${speed}\u00d7`)));
    this.speed = 1;
    select.addEventListener("change", () => { this.speed = Number(select.value); });
    return select;
  }

  get index() {
    return nearest(this.moving.positions, this.owner.values[this.moving.key]);
  }

  get last() {
    return this.moving.positions.length - 1;
  }

  /** @param {number} index */
  go(index) {
    this.pause();
    const { key, positions } = this.moving;
    this.owner.input(key, positions[Math.min(this.last, Math.max(0, index))]);
    this.owner.settle(400);
  }

  /** @param {number} value */
  goTo(value) {
    this.go(nearest(this.moving.positions, value));
  }

  /** @param {number} by */
  step(by) {
    this.go(this.index + by);
  }

  /** @param {number} amount in the parameter's units */
  jump(amount) {
    const { positions } = this.moving;
    this.go(nearest(positions, Math.min(positions[this.index] + amount, positions[this.last])));
  }

  toggle() {
    if (this.running) {
      this.pause();
      this.owner.settle(0);
      return;
    }
    const atEnd = this.index === this.last;
    if (this.calm.matches) {
      this.go(atEnd ? 0 : this.last);
      return;
    }
    this.owner.need();
    this.from = atEnd ? 0 : this.index;
    this.since = performance.now();
    this.label("pause", "Pause");
    this.running = requestAnimationFrame((now) => this.tick(now));
  }

  /** @param {number} now */
  tick(now) {
    const { positions, key } = this.moving;
    const seconds = this.transport?.seconds ?? 1;
    const part = ((now - this.since) / 1000 / seconds) * this.speed;
    const place = Math.min(this.last, this.from + Math.max(0, part * this.last));
    this.owner.input(key, valueAt(positions, place));
    if (place === this.last) {
      this.pause();
      this.owner.settle(0);
    } else {
      this.running = requestAnimationFrame((later) => this.tick(later));
    }
  }

  pause() {
    if (!this.running) return;
    cancelAnimationFrame(this.running);
    this.running = 0;
    this.label("play", "Play");
  }

  /** @param {"play" | "pause"} name
   * @param {string} title */
  label(name, title) {
    this.playing.replaceChildren(icon(name));
    this.playing.title = title;
    this.playing.setAttribute("aria-label", title);
  }

  /** @param {Values} values
   * @param {Values} fine where a hand is, between two positions */
  set(values, fine) {
    if (!this.transport || this.transport.hidden) return;
    const { key, label, positions, format: spec } = this.moving;
    const text = format(values[key], spec);
    const place = placeOf(positions, fine[key] ?? values[key]);
    if (Math.abs(Number(this.range.value) - place) > 1e-6) this.range.value = String(place);
    this.range.style.setProperty("--part", String(place / this.last));
    this.range.setAttribute("aria-valuetext", `${label} ${text}`);
    this.readout.textContent = text;
  }

  /** Space and arrows, when the figure has the focus.
   * @param {KeyboardEvent} event */
  key(event) {
    if (!this.transport || this.transport.hidden) return;
    /** @type {Record<string, () => void>} */
    const acts = {
      " ": () => this.toggle(),
      ArrowRight: () => this.step(1),
      ArrowLeft: () => this.step(-1),
      Home: () => this.go(0),
      End: () => this.go(this.last),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }
}
