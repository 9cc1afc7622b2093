// What a figure does with the room it has: panels that stack, letters that grow.

/** @import { PlotElement } from "../types" */

/** Put a figure's panels where they stand when it is narrow.
 * @param {any} layout
 * @param {Record<string, any> | undefined} places such as {"xaxis2.domain": [0, 1]} */
export function rearrange(layout, places) {
  for (const [path, value] of Object.entries(places ?? {})) {
    const [axis, field] = path.split(".");
    if (field) layout[axis] = { ...layout[axis], [field]: value };
  }
}

/** @param {number | number[]} value
 * @param {number} scale */
const times = (value, scale) =>
  (Array.isArray(value) ? value.map((each) => each * scale) : value * scale);

/** Letters, markers and lines: every `size` and `width` in a part of a figure.
 * @param {any} part
 * @param {number} scale
 * @returns {any} */
function scaled(part, scale) {
  if (Array.isArray(part)) return part.map((each) => scaled(each, scale));
  if (!part || typeof part !== "object" || ArrayBuffer.isView(part)) return part;
  /** @type {Record<string, any>} */
  const grown = {};
  for (const [key, value] of Object.entries(part)) {
    grown[key] = key === "size" || key === "width" ? times(value, scale) : scaled(value, scale);
  }
  return grown;
}

const LEGIBLE = 20; // pixels, from the last row

/** @param {any} font
 * @param {number} scale */
function larger(font, scale) {
  const grown = scaled(font, scale);
  return typeof grown.size === "number" ? { ...grown, size: Math.max(grown.size, LEGIBLE) } : grown;
}

/** Larger words for the projector view, where a figure states their size itself.
 * @param {any} layout
 * @param {any[]} traces
 * @param {number} scale */
export function enlarge(layout, traces, scale) {
  const grow = (/** @type {any} */ part, /** @type {string} */ font) =>
    (part[font] ? { ...part, [font]: larger(part[font], scale) } : part);
  const notes = /** @type {any[]} */ (layout.annotations ?? []);
  layout.annotations = notes.map((each) => grow(each, "font"));
  traces.forEach((trace, i) => { traces[i] = grow(trace, "textfont"); });
}

/** A PNG of what the plot shows, twice as sharp and on paper of this colour.
 * @param {any} plotly
 * @param {PlotElement} plot
 * @param {string} paper
 * @param {string} filename */
export function savePicture(plotly, plot, paper, filename) {
  const { data, clientWidth: width, clientHeight: height } = plot;
  const layout = { ...plot.layout, paper_bgcolor: paper };
  const form = { format: "png", scale: 2, width, height, filename };
  return plotly.downloadImage({ data, layout }, form);
}
