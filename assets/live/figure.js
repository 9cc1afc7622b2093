// The live figure in the browser: one instance for each figure that Python shows.
//
// input(key, value)  a control moves: the next animation frame paints the value's picture
// settle(delay)      it rests: after `delay` ms Python is told, once, and plotly is brought in line
// show(component)    Python's answer, or a figure that has changed on its own
// need()             a hand is near: pictures that are fetched, and not sent ahead, are asked for

import { Axis, unpackConstants } from "../shared/decode.js";
import { make, setText } from "../shared/dom.js";
import { DiagramView } from "./diagram.js";
import { enlarge, fit, rearrange, savePicture } from "./room.js";
import { Grips } from "./grips.js";
import { unfold } from "./image.js";
import { mount } from "../shared/mount.js";
import { paint } from "./paint.js";
import { Shelf } from "./shelf.js";
import { Controls } from "./sliders.js";
import { Palette, houseTemplate, resolveAll } from "./style.js";
import { Words } from "./surround.js";
import { TransportBar } from "./transport.js";

const named = new Map(); // key of a figure -> figure
const ahead = new Map(); // key of a figure -> what each of its sliders would show
const ANSWER_MS = 5000; // how long an answer to what was told is waited for

let plotlyLoading;
function loadPlotly(url) {
  plotlyLoading ??= new Promise((resolve, reject) => {
    const fail = () => reject(new Error("plotly.js could not be loaded"));
    const script = make("script", { src: url, onload: () => resolve(window.Plotly), onerror: fail });
    document.head.append(script);
  });
  return plotlyLoading;
}

function loadStyle(url) {
  if (document.head.querySelector(`link[href="${url}"]`)) return Promise.resolve();
  return new Promise((resolve) => {
    const link = make("link", { rel: "stylesheet", href: url, onload: resolve, onerror: resolve });
    document.head.append(link);
  });
}

// The text of a value in the address, as Python writes it.
const addressText = (value) => String(Number(Number(value).toPrecision(10)));

// A name as plotly can use it for ids: letters and digits only, the same name the same id.
const traceId = (name) => `t${Array.from(name, (letter) => letter.codePointAt(0).toString(36)).join("")}`;

// The values as Python takes them: what stands at its default goes along where the default goes.
const toldAs = (values, params) => JSON.stringify(
  params.map(({ key, default: start }) => (values[key] === start ? null : values[key])),
);

class LiveFigure {
  constructor(parent) {
    this.plot = make("div", { class: "ttn-plot" });
    this.gripRoot = make("div", { class: "ttn-grips", "aria-hidden": "true" });
    this.stage = make("div", { class: "ttn-stage", role: "group",
      onkeydown: (event) => this.steppable(event.target) && this.transport.key(event) },
      this.plot, this.gripRoot);
    const sliders = make("div", { class: "ttn-sliders" });
    const bar = make("div", { class: "ttn-transport", role: "toolbar", "aria-label": "Playback" });
    this.hint = make("p", { class: "ttn-hint" });
    this.words = new Words(this);
    this.shelf = new Shelf(() => this.hear());
    const near = () => this.need();
    this.root = make("div", { class: "ttn-live", onpointerenter: near, onfocusin: near },
      this.stage, this.hint, bar, sliders, ...this.words.nodes);
    parent.append(this.root);
    this.controls = new Controls(sliders, this);
    this.transport = new TransportBar(bar, this);
    this.grips = new Grips(this.gripRoot, this);
    this.diagram = new DiagramView(this.plot, (words) => setText(this.hint, words || this.data.hint));
    this.palette = new Palette(this.root);
    this.arrays = {}; // by trace: what is drawn now
    this.moved = new Set(); // traces painted since Python's figure came
    this.resizer = new ResizeObserver(() => this.resize());
    matchMedia("(prefers-color-scheme: dark)").onchange = () => this.retheme();
  }

  // ---- what Python says -------------------------------------------------------------------

  async show({ data, setTriggerValue }) {
    this.data = data;
    this.tell = setTriggerValue;
    named.set(data.key, this);
    await this.load(data);
    const source = JSON.stringify([data.figure, data.narrow, data.height, data.present]);
    const fresh = source === this.source ? null : await Promise.all([data.figure, data.narrow].map(parsed));
    if (this.data !== data) return; // a newer answer came while the parts were loading
    const themed = this.palette.refresh();
    const incoming = Object.fromEntries(data.params.map(({ key, value }) => [key, value]));
    const asked = this.awaited === toldAs(incoming, data.params);
    if (!this.adopt(incoming)) {
      this.missed = true;
      return;
    }
    this.missed = false;
    this.context = data.context;
    const reseeded = this.reseeded(data);
    const current = this.painted === this.known && !themed && !reseeded;
    const drawn = current && !fresh && !this.moved.size;
    this.source = source;
    [this.figure, this.slim] = fresh ?? [this.figure, this.slim];
    this.names = { ...data.names };
    this.showControls();
    if (!drawn) {
      this.moved.clear();
      if (asked && current) this.syncSoon();
      else await this.draw();
    } else if (this.figure.diagram) this.fillDiagram();
    this.words.set(this.names);
    this.words.restSoon();
    this.label();
    this.root.dataset.settled = this.known;
  }

  async load({ urls, formulaJs, constants }) {
    const plot = urls["plotly.min.js"]; // a diagram does without
    const parts = [loadStyle(urls["live/figure.css"]), plot && loadPlotly(plot)];
    parts.push(import(new URL(urls["katex.js"], document.baseURI)));
    if (formulaJs) parts.push(import(new URL(formulaJs, document.baseURI)));
    const [, plotly, katex, formula] = await Promise.all(parts);
    await formula?.prepare?.(constants);
    this.plotly = plotly;
    this.katex = katex.default;
    this.formula = formula;
  }

  // The constants of a formula have changed, so what it painted is no longer the picture.
  reseeded(data) {
    const constants = JSON.stringify(data.constants);
    if (constants === this.packed) return false;
    this.packed = constants;
    this.constants = unpackConstants(data.constants);
    return true;
  }

  // Take the answer's values, unless the visitor has moved on since; false: it is outdated.
  adopt(incoming) {
    const answer = JSON.stringify(incoming);
    const asked = toldAs(incoming, this.data.params);
    const late = performance.now() - this.toldAt > ANSWER_MS;
    const busy = this.held || this.timer || this.transport.running;
    if (this.awaited && this.awaited !== asked && !late) return false;
    this.awaited = null;
    if (busy && this.values && answer !== JSON.stringify(this.values)) return false;
    this.values = incoming;
    this.known = answer;
    return true;
  }

  showControls() {
    const { data } = this;
    this.root.classList.toggle("ttn-presenting", data.present);
    setText(this.hint, data.hint);
    const time = data.transport?.param;
    const shown = this.transport.show(data.transport, data.params.find(({ key }) => key === time));
    if (!shown) this.missed = true; // it moves, so it is told again when it rests
    this.controls.show(data.params.filter(({ key }) => key !== time), data.key);
    this.stage.tabIndex = data.transport ? 0 : -1;
    this.grips.show(data.handles);
    this.words.show(data);
    this.controls.set(this.values);
    this.transport.set(this.values);
  }

  // ---- drawing ----------------------------------------------------------------------------

  async draw() {
    await this.sync();
    this.resizer.observe(this.plot);
    if (this.listening || this.figure.diagram) return;
    this.listening = true;
    this.plot.on("plotly_afterplot", () => this.grips.set(this.plot, this.arrays));
    this.plot.on("plotly_relayouting", () => this.grips.set(this.plot, this.arrays));
  }

  // Bring plotly in line with what is shown: after a drag, a change of theme, an answer.
  async sync() {
    if (this.figure.diagram) {
      await this.drawDiagram(this.figure.diagram);
      return;
    }
    const { layout, traces } = this.dressed();
    const coarse = matchMedia("(pointer: coarse)").matches;
    const config = { displaylogo: false, displayModeBar: coarse || layout.meta?.drawing ? false : "hover", responsive: false, scrollZoom: false,
      modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };
    this.painted = null;
    await this.plotly.react(this.plot, traces, layout, config);
    this.painted = JSON.stringify(this.values);
    for (const trace of this.plot._fullData ?? []) {
      this.arrays[trace.name] = { x: trace.x ?? [], y: trace.y ?? [], z: trace.z, text: trace.text };
    }
    this.grips.set(this.plot, this.arrays);
    this.label();
  }

  async drawDiagram(diagram) {
    this.painted = null;
    await this.diagram.draw(diagram, this.plot.clientWidth < 680, this.palette.channels("ink"));
    this.fillDiagram();
    this.painted = JSON.stringify(this.values);
    this.label();
  }

  fillDiagram() {
    this.diagram.set(this.names, Object.fromEntries(Array.from(this.moved, (name) => [name, this.arrays[name]])));
  }

  async save() {
    clearTimeout(this.laggard);
    await this.sync();
    if (this.figure.diagram) {
      await this.diagram.save(this.palette.hex("paper"), this.data.key);
      return;
    }
    await savePicture(this.plotly, this.plot, this.palette.hex("paper"), this.data.key);
  }

  // What is painted is right already; plotly follows when the hand is off the controls.
  syncSoon(delay = 250) {
    clearTimeout(this.laggard);
    this.laggard = setTimeout(() => {
      if (this.held || this.timer || this.transport.running) this.syncSoon();
      else this.sync();
    }, delay);
  }

  dressed() {
    const coarse = matchMedia("(pointer: coarse)").matches;
    const narrow = this.plot.clientWidth < (this.slim ? 680 : 520);
    const figure = (narrow && this.slim) || this.figure;
    const size = this.data.present ? 20 : narrow ? 12 : 14;
    const layout = resolveAll(figure.layout ?? {}, this.palette);
    if (narrow) rearrange(layout, layout.meta?.narrow);
    layout.template = houseTemplate(this.palette, size, narrow);
    layout.uirevision ??= "kept";
    layout.dragmode ??= coarse ? false : "zoom";
    layout.height = (narrow && layout.meta?.narrow?.height) || this.height(narrow);
    layout.autosize = true;
    const traces = figure.data.map((trace, i) => {
      const uid = traceId(trace.name ?? String(i));
      const moved = this.moved.has(trace.name) ? this.arrays[trace.name] : {};
      return { uid, ...resolveAll(trace, this.palette), ...moved };
    });
    if (layout.meta?.drawing) fit(layout, traces, this.plot.clientWidth);
    else if (this.data.present) enlarge(layout, traces, 1.35);
    return { layout, traces };
  }

  height(narrow) {
    const wanted = this.data.height * (this.data.present ? 1.15 : 1);
    return narrow ? Math.min(wanted, Math.max(260, window.innerHeight * 0.45)) : wanted;
  }

  resize() {
    const width = this.plot.clientWidth;
    if (!width || width === this.width) return;
    this.width = width;
    if (this.figure) this.sync();
  }

  retheme() {
    if (!this.palette.refresh() || !this.figure) return;
    this.words.typeset = false;
    this.words.set(this.names);
    this.sync();
  }

  // The keys of the bar work on the figure and on what can be focused in a diagram.
  steppable(node) {
    return node === this.stage || Boolean(node.closest(".ttn-diagram"));
  }

  label() {
    this.stage.setAttribute("aria-label", `Figure. ${this.words.sentence ?? ""}`);
  }

  // ---- under the finger -------------------------------------------------------------------

  input(key, value) {
    if (this.values[key] === value) return;
    this.values = { ...this.values, [key]: value };
    this.ask();
  }

  // A look-ahead has come: it may hold the picture that a moving hand waits for.
  hear() {
    if (this.held || this.timer || this.transport.running) this.ask();
  }

  // Ask for the pictures that the bar may come to, where they are fetched.
  need() {
    const { transport, param } = this.transport;
    if (transport?.fetched) this.shelf.fetch(transport.fetched, param.names);
  }

  ask() {
    this.asked ??= requestAnimationFrame(() => {
      this.asked = null;
      this.paint();
    });
  }

  // The picture at the present values; null if it is not known yet.
  frame() {
    if (this.formula) return this.formula.frame(this.values, this.constants);
    if (this.transport.transport?.fetched) return this.shelf.frame(this.transport.name);
    const axes = Array.from(ahead.get(this.data.key)?.values() ?? []);
    const axis = axes.find((each) => each.serves(this.context, this.values));
    return axis ? axis.frameAt(this.param(axis.name).positions.indexOf(this.values[axis.name])) : null;
  }

  paint() {
    this.controls.set(this.values);
    this.transport.set(this.values);
    const frame = this.frame();
    this.painted = frame && JSON.stringify(this.values);
    if (!frame) {
      this.need();
      return;
    }
    for (const [name, arrays] of Object.entries(frame.traces)) {
      this.arrays[name] = { ...this.arrays[name], ...arrays };
      this.moved.add(name);
    }
    this.names = { ...this.names, ...frame.numbers, ...this.values };
    const changed = new Set(Object.keys(frame.traces));
    if (this.figure.diagram) this.fillDiagram();
    else if (!paint(this.plot, changed, this.arrays)) this.sync();
    else this.grips.set(this.plot, this.arrays);
    this.words.set(this.names);
  }

  hold(key) {
    if (key !== this.data.transport?.param && !this.formula) this.transport.pause();
    this.held = key;
    this.need();
  }

  // What came while the hand was on it was not shown: Python is asked again.
  release() {
    this.held = null;
    if (this.missed) this.settle(250);
  }

  settle(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      this.rest();
    }, delay);
  }

  // The visitor lets go: address, then Python; plotly waits for the answer, but not for ever.
  rest() {
    const now = JSON.stringify(this.values);
    if (now === this.known && !this.missed) {
      this.words.restSoon();
      this.syncSoon();
      return;
    }
    history.replaceState(history.state, "", this.address());
    const { params } = this;
    const stay = params.filter(({ key, default: start }) => this.values[key] === start);
    this.expect(toldAs(this.values, params));
    this.tell("changed", { values: this.values, atDefault: stay.map(({ key }) => key) });
  }

  expect(answer) {
    this.awaited = answer;
    this.known = JSON.stringify(this.values);
    this.toldAt = performance.now();
    this.syncSoon(1500);
  }

  address() {
    const url = new URL(location.href);
    for (const { key, default: start } of this.params) {
      if (this.values[key] === start) url.searchParams.delete(key);
      else url.searchParams.set(key, addressText(this.values[key]));
    }
    return url;
  }

  choosePreset(number) {
    const { query, values } = this.data.presets[number];
    const url = new URL(location.href);
    const kept = ["hide", "present"].filter((name) => url.searchParams.has(name));
    const lesson = Object.fromEntries(kept.map((name) => [name, url.searchParams.get(name)]));
    url.search = new URLSearchParams({ ...lesson, ...query });
    history.pushState(history.state, "", url);
    this.transport.pause();
    this.values = { ...values };
    this.context = null; // other controls may change too: let Python draw
    this.expect(toldAs(this.values, this.params));
    this.ask();
    this.tell("changed", { preset: number });
    if (Object.keys(query).some((name) => !(name in values))) this.packed = null;
  }

  // The parameters; that of the bar as the bar has it, which may be behind what Python said last.
  get params() {
    const { param: own } = this.transport;
    return this.data.params.map((param) => (param.key === own?.key ? own : param));
  }

  param(key) {
    return this.params.find((param) => param.key === key);
  }

  locked(key) {
    return this.param(key)?.hidden ?? true;
  }

  remove() {
    this.resizer.disconnect();
    clearTimeout(this.timer);
    clearTimeout(this.laggard);
    clearTimeout(this.words.timer);
    this.transport.pause();
    if (this.plotly) this.plotly.purge(this.plot);
    if (named.get(this.data.key) === this) named.delete(this.data.key);
    this.root.remove();
  }
}

async function parsed(text) {
  if (!text) return null;
  const figure = JSON.parse(text);
  return { ...figure, data: await Promise.all((figure.data ?? []).map(unfold)) };
}

function receive(message) {
  const { lookaheadFor: key, axis } = message;
  if (!ahead.has(key)) ahead.set(key, new Map());
  ahead.get(key).set(axis, new Axis(message));
  named.get(key)?.hear();
}

const mounted = mount(LiveFigure);

export function show(component) {
  const { data } = component;
  return data.lookaheadFor ? receive(data) : mounted(component);
}
