// The bar of what moves in time: play, pause, step, back, speed, reset, scrub.

import { icon, make } from "../shared/dom.js";
import { nearest } from "./sliders.js";
import { format } from "../shared/words.js";

const MOVING = { value: null, default: null, positions: null, names: null };
const SPEEDS = [0.25, 0.5, 1, 2, 4];

export class TransportBar {
  constructor(root, owner) {
    this.root = root;
    this.owner = owner;
    this.speed = 1;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
  }

  // Positions may be added while a run goes on: the bar stays then, with focus and speed. Under a
  // hand, or while it plays, it keeps those it has; false says so.
  show(transport, param) {
    const wanted = JSON.stringify([transport, { ...param, ...MOVING }]);
    if (wanted === this.built) return this.extend(param);
    this.pause();
    this.built = wanted;
    this.transport = transport;
    this.param = param;
    this.root.replaceChildren();
    this.root.hidden = !transport || transport.hidden;
    if (transport) this.root.append(...this.buttons(), this.scrubber(), this.speeds());
    return true;
  }

  extend(param) {
    const places = (each) => JSON.stringify([each?.positions, each?.names]);
    if (places(param) === places(this.param)) return true;
    if (this.running || this.owner.held) return false;
    this.param = param;
    this.range.max = param.positions.length - 1;
    return true;
  }

  // Name of the picture at the present position.
  get name() {
    return this.param.names[this.param.positions.indexOf(this.owner.values[this.param.key])];
  }

  button(name, title, act) {
    const attributes = { type: "button", title, "aria-label": title, onclick: act };
    return make("button", attributes, icon(name));
  }

  buttons() {
    this.playing = this.button("play", "Play", () => this.toggle());
    const jumps = this.transport.buttons.map(([label, amount]) =>
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
    const { positions, label, key } = this.param;
    const slide = () => {
      this.pause();
      this.owner.input(key, this.param.positions[Number(this.range.value)]);
    };
    this.range = make("input", {
      type: "range", min: 0, max: positions.length - 1, step: 1, "aria-label": label, oninput: slide,
      onpointerdown: () => this.owner.hold(key),
      onpointerup: () => this.owner.release(key),
      onpointercancel: () => this.owner.release(key),
      onchange: () => this.owner.settle(250),
    });
    this.readout = make("output", { "aria-live": "off" });
    const scrub = make("span", { class: "ttn-scrub" }, this.range, this.readout);
    scrub.style.setProperty("--colour", `var(--ttn-${this.param.colour ?? "accent"})`);
    return scrub;
  }

  speeds() {
    const options = SPEEDS.map((speed) =>
      make("option", { value: speed, selected: speed === 1 }, `${speed}\u00d7`),
    );
    const set = (event) => { this.speed = Number(event.target.value); };
    return make("select", { "aria-label": "Speed", onchange: set }, ...options);
  }

  get index() {
    return nearest(this.param.positions, this.owner.values[this.param.key]);
  }

  go(index) {
    this.pause();
    const last = this.param.positions.length - 1;
    this.owner.input(this.param.key, this.param.positions[Math.min(last, Math.max(0, index))]);
    this.owner.settle(400);
  }

  step(by) {
    this.go(this.index + by);
  }

  jump(amount) {
    const { positions } = this.param;
    const target = Math.min(positions[this.index] + amount, positions[positions.length - 1]);
    this.go(nearest(positions, target));
  }

  toggle() {
    if (this.running) {
      this.pause();
      this.owner.settle(0);
      return;
    }
    const last = this.param.positions.length - 1;
    if (this.calm.matches) {
      this.go(this.index === last ? 0 : last);
      return;
    }
    this.owner.need();
    this.from = this.index === last ? 0 : this.index;
    this.since = performance.now();
    this.label("pause", "Pause");
    this.running = requestAnimationFrame((now) => this.tick(now));
  }

  tick(now) {
    const { positions, key } = this.param;
    const last = positions.length - 1;
    const part = ((now - this.since) / 1000 / this.transport.seconds) * this.speed;
    const index = Math.min(last, this.from + Math.max(0, Math.floor(part * last)));
    if (positions[index] !== this.owner.values[key]) this.owner.input(key, positions[index]);
    if (index === last) {
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

  label(name, title) {
    this.playing.replaceChildren(icon(name));
    this.playing.title = title;
    this.playing.setAttribute("aria-label", title);
  }

  set(values) {
    if (!this.transport || this.transport.hidden) return;
    const text = format(values[this.param.key], this.param.format);
    this.range.value = this.index;
    this.range.style.setProperty("--part", this.index / (this.param.positions.length - 1));
    this.range.setAttribute("aria-valuetext", `${this.param.label} ${text}`);
    this.readout.textContent = text;
  }

  // Space and arrows, when the figure has the focus.
  key(event) {
    if (!this.transport || this.transport.hidden) return;
    const acts = {
      " ": () => this.toggle(),
      ArrowRight: () => this.step(1),
      ArrowLeft: () => this.step(-1),
      Home: () => this.go(0),
      End: () => this.go(this.param.positions.length - 1),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }
}
