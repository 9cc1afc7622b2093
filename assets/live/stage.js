// The plot itself: what plotly draws of a figure, and what is painted over it under the finger.

import { make } from "../shared/dom.js";
import { DiagramView } from "./diagram.js";
import { Glide } from "./glide.js";
import { unfold } from "./image.js";
import { paint } from "./paint.js";
import { enlarge, rearrange, savePicture } from "./room.js";
import { coarse, houseTemplate, resolveAll } from "./style.js";

/** @import { Arrays, Diagram, Figure, Frame, Names, Payload, PlotElement } from "../types" */
/** @import { Grips } from "./grips.js" */
/** @import { Palette } from "./style.js" */

const NARROW = 520; // pixels; figures that have a narrow form take it earlier
const NARROW_FORM = 680;
// Before a class: times as large, and at least this part of the screen.
const PRESENTED = { height: 1.15, letters: 1.35, part: 0.5 };
const FOLLOW_MS = 250;
const TOOLS = [["zoom2d", "pan2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]];
const TOOLS_WIDTH = 26; // pixels, taken from the picture's right edge

/** A name as plotly can use it for ids: letters and digits only, the same name the same id.
 * @param {string} name */
const traceId = (name) =>
  `t${Array.from(name, (letter) => Number(letter.codePointAt(0)).toString(36)).join("")}`;

/** @param {string} text
 * @returns {Promise<Figure>} */
async function parsed(text) {
  const { data = [], ...figure } = JSON.parse(text);
  return { ...figure, data: await Promise.all(data.map(unfold)) };
}

/** Size of letters in pixels.
 * @param {boolean} present
 * @param {boolean} narrow */
const letters = (present, narrow) => (present ? 21 : narrow ? 12 : 14);

/** A label for which plotly makes a node, even while it says nothing: none is made for "".
 * @param {string} label */
const inked = (label) => label || "\u00a0";

/** A height that leaves room on a phone.
 * @param {number} wanted */
const lower = (wanted) => Math.min(wanted, Math.max(260, window.innerHeight * 0.45));

/** Margins that leave room for the tools.
 * @param {Record<string, number>} margin */
const besideTools = ({ r = 16, ...others } = {}) => ({ ...others, r: r + TOOLS_WIDTH });

/** A figure and its form for a narrow screen, and both as they came.
 * @typedef {{ wide: Figure, slim: Figure | null, source: string }} Fresh */

/**
 * @typedef {object} Owner
 * @property {Palette} palette
 * @property {Payload} data
 * @property {{ text: string, busy: boolean }} state
 * @property {Grips} grips
 * @property {Names} names
 * @property {{ say: (words: string) => void }} words around the plot
 * @property {() => void} label
 * @property {MediaQueryList} calm
 */

export class Stage {
  /** plotly.js, once it is loaded.
   * @type {any} */
  plotly = null;
  /** @type {Figure | null} */
  figure = null;
  /** Its form for a narrow screen.
   * @type {Figure | null} */
  slim = null;
  /** By trace: what is drawn now.
   * @type {Record<string, Arrays>} */
  arrays = {};
  /** Traces painted since Python's figure came.
   * @type {Set<string>} */
  moved = new Set();
  /** The values whose picture stands, as text; null while it is another one's.
   * @type {string | null} */
  painted = null;
  #source = "";
  #width = 0;
  #listening = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #laggard;

  /** @param {Owner} owner */
  constructor(owner) {
    this.owner = owner;
    this.plot = /** @type {PlotElement} */ (make("div", { class: "ttn-plot" }));
    this.diagram = new DiagramView(this.plot, (said) => owner.words.say(said));
    this.resizer = new ResizeObserver(() => this.#resize());
    this.glide = new Glide();
  }

  /** The figure as Python has it now; null where that one stands already.
   * @param {Payload} data
   * @returns {Promise<Fresh | null>} */
  async read({ figure, narrow, height, present }) {
    const source = JSON.stringify([figure, narrow, height, present]);
    if (source === this.#source) return null;
    const [wide, slim] = await Promise.all([parsed(figure), narrow ? parsed(narrow) : null]);
    return { wide, slim, source };
  }

  /** @param {Fresh} fresh */
  take({ wide, slim, source }) {
    [this.figure, this.slim, this.#source] = [wide, slim, source];
  }

  async draw() {
    await this.sync();
    this.resizer.observe(this.plot);
    if (this.#listening || this.figure?.diagram) return;
    this.#listening = true;
    for (const event of ["plotly_afterplot", "plotly_relayouting"]) {
      this.plot.on(event, () => this.owner.grips.set(this.plot, this.arrays));
    }
  }

  /** Bring plotly in line with what is shown: after a drag, a change of theme, an answer. */
  async sync() {
    if (!this.figure) return;
    this.painted = null;
    if (this.glide.underWay) this.#keep(this.glide.end());
    if (this.figure.diagram) await this.#drawDiagram(this.figure.diagram);
    else await this.#plot();
    this.painted = this.owner.state.text;
    this.owner.label();
  }

  /** Whether plotly's tools stand beside the picture: under a mouse, where there is room. */
  get tools() {
    const roomy = !coarse() && this.plot.clientWidth >= NARROW;
    return roomy && this.figure?.layout?.dragmode !== false;
  }

  async #plot() {
    const { layout, traces } = this.#dressed();
    const config = { displaylogo: false, displayModeBar: this.tools ? "hover" : false,
      responsive: false, scrollZoom: false, modeBarButtons: TOOLS };
    await this.plotly.react(this.plot, traces, layout, config);
    for (const { name, x = [], y = [], z, text } of this.plot._fullData ?? []) {
      this.arrays[name] = { x, y, z, text };
    }
    this.owner.grips.set(this.plot, this.arrays);
  }

  /** @param {Diagram} diagram */
  async #drawDiagram(diagram) {
    const narrow = this.plot.clientWidth < NARROW_FORM;
    await this.diagram.draw(diagram, narrow, this.owner.palette.channels("ink"));
    this.fill();
  }

  /** Where a diagram stands already: the numbers, and what is lit. */
  fill() {
    const moved = Array.from(this.moved, (name) => [name, this.arrays[name]]);
    if (this.figure?.diagram) this.diagram.set(this.owner.names, Object.fromEntries(moved));
  }

  /** What is painted is right already; plotly follows when the hand is off the controls. */
  syncSoon(delay = FOLLOW_MS) {
    clearTimeout(this.#laggard);
    this.#laggard = setTimeout(() => {
      if (this.owner.state.busy) this.syncSoon();
      else this.sync();
    }, delay);
  }

  /** Paint what changes in a frame; null: there is none yet, and what stands is another one's.
   * @param {Frame | null} frame */
  paint(frame) {
    this.painted = frame && this.owner.state.text;
    if (!frame || !this.figure) return;
    const traces = this.figure.diagram ? frame.traces : this.glide.toward(frame.traces);
    this.#keep(traces);
    if (this.figure.diagram) this.fill();
    else if (paint(this.plot, new Set(Object.keys(traces)), this.arrays)) {
      this.owner.grips.set(this.plot, this.arrays);
    } else this.sync();
  }

  /** What is painted next is glided to. */
  depart() {
    if (!this.owner.calm.matches && !this.figure?.diagram) this.glide.begin(this.arrays);
  }

  /** @param {Record<string, Arrays>} traces */
  #keep(traces) {
    for (const [name, arrays] of Object.entries(traces)) {
      this.arrays[name] = { ...this.arrays[name], rest: undefined, ...arrays };
      this.moved.add(name);
    }
  }

  async save() {
    clearTimeout(this.#laggard);
    if (!this.figure) return;
    await this.sync();
    const { palette, data } = this.owner;
    const paper = palette.hex("paper");
    if (this.figure.diagram) await this.diagram.save(paper, data.key);
    else await savePicture(this.plotly, this.plot, paper, data.key);
  }

  #dressed() {
    const { palette, data } = this.owner;
    const room = this.plot.clientWidth;
    const narrow = room < (this.slim ? NARROW_FORM : NARROW);
    const figure = /** @type {Figure} */ ((narrow && this.slim) || this.figure);
    const layout = resolveAll(figure.layout ?? {}, palette);
    const meta = layout.meta ?? {};
    if (narrow) rearrange(layout, meta.narrow);
    layout.template = houseTemplate(palette, letters(data.present, narrow), narrow);
    layout.uirevision ??= "kept";
    layout.dragmode ??= coarse() ? false : "zoom";
    const wanted = data.present
      ? Math.max(data.height * PRESENTED.height, window.innerHeight * PRESENTED.part)
      : data.height;
    layout.height = narrow ? (meta.narrow?.height ?? lower(wanted)) : wanted;
    layout.autosize = true;
    if (this.tools) layout.margin = besideTools(layout.margin);
    const traces = figure.data.map((trace, i) => this.#dressedTrace(trace, i));
    if (data.present) enlarge(layout, traces, PRESENTED.letters);
    return { layout, traces };
  }

  /** @param {any} trace
   * @param {number} i */
  #dressedTrace(trace, i) {
    const { rest: _, ...moved } = this.moved.has(trace.name) ? this.arrays[trace.name] : {};
    const uid = traceId(trace.name ?? String(i));
    const dressed = { uid, ...resolveAll(trace, this.owner.palette), ...moved };
    if (Array.isArray(dressed.text)) dressed.text = dressed.text.map(inked);
    return dressed;
  }

  #resize() {
    const width = this.plot.clientWidth;
    if (!width || width === this.#width) return;
    this.#width = width;
    if (this.figure) this.sync();
  }

  remove() {
    this.resizer.disconnect();
    clearTimeout(this.#laggard);
    this.plotly?.purge(this.plot);
  }
}
