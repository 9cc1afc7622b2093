// Pictures under the finger: a heatmap's new values, written into the image that plotly drew.

import { bytesOf } from "../shared/decode.js";

/** @import { Arrays, Calc, Numeric, PlotAxis } from "../types" */

const STEPS = 256;
/** For a trace, where each of its values stands in the picture.
 * @type {WeakMap<object, { columns: number, rows: number, at: number[] }>} */
const places = new WeakMap();
const canvas = document.createElement("canvas");

/** @param {string} colour
 * @returns {number[]} */
function channels(colour) {
  const hex = colour.replace(/^#(.)(.)(.)$/, "#$1$1$2$2$3$3");
  if (hex.startsWith("#")) return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return (hex.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
}

/** The colour scale as a table of bytes.
 * @param {[at: number | string, colour: string][]} scale */
function table(scale) {
  const stops = scale.map(([at, colour]) => ({ at: Number(at), colour: channels(colour) }));
  const found = new Uint8ClampedArray(3 * STEPS);
  for (let i = 0; i < STEPS; i += 1) {
    const part = i / (STEPS - 1);
    const after = Math.max(1, stops.findIndex(({ at }) => at >= part));
    const [low, high] = [stops[after - 1], stops[after]];
    const share = (part - low.at) / (high.at - low.at);
    const mixed = low.colour.map((each, c) => Math.round(each + share * (high.colour[c] - each)));
    found.set(mixed, 3 * i);
  }
  return found;
}

/** @param {string} text */
async function inflate(text) {
  const stream = new Blob([bytesOf(text)]).stream();
  const plain = stream.pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

/** A trace whose `meta.picture` says where its pixels lie and gives their grey values, row by row
 * as deflated bytes, becomes a heatmap in columns: to send that would be sixty times as much.
 * @param {any} trace */
export async function unfold(trace) {
  const { picture, ...meta } = trace.meta ?? {};
  if (!picture) return trace;
  const { columns, left, top, size } = picture;
  const z = Float32Array.from(await inflate(picture.greys), (grey) => grey / 255);
  const x = Float64Array.from(z, (_, i) => left + ((i % columns) + 0.5) * size);
  const y = Float64Array.from(z, (_, i) => top - (Math.floor(i / columns) + 0.5) * size);
  return { ...trace, meta, x, y, z };
}

/** Each value's rank along an axis.
 * @param {Numeric} values
 * @param {PlotAxis} axis */
const ranks = (values, axis) => {
  const distinct = Array.from(new Set(values)).toSorted((a, b) => axis.c2p(a) - axis.c2p(b));
  return new Map(distinct.map((value, rank) => [value, rank]));
};

/** Column by column as the screen has them.
 * @param {object} trace
 * @param {Arrays} arrays
 * @param {PlotAxis} xa
 * @param {PlotAxis} ya */
function place(trace, { x, y }, xa, ya) {
  const known = places.get(trace);
  if (known) return known;
  const [across, down] = [ranks(x, xa), ranks(y, ya)];
  const row = (/** @type {number} */ i) => (down.get(y[i]) ?? 0) * across.size;
  const column = (/** @type {number} */ i) => across.get(x[i]) ?? 0;
  const at = Array.from({ length: x.length }, (_, i) => row(i) + column(i));
  const found = { columns: across.size, rows: down.size, at };
  places.set(trace, found);
  return found;
}

/** Each picture is decoded before it is shown, so that none is blank for a moment.
 * @param {SVGImageElement} node
 * @param {string} address */
function exchange(node, address) {
  node.dataset.wanted = String(Number(node.dataset.wanted ?? 0) + 1);
  const turn = node.dataset.wanted;
  const ready = new Image();
  ready.src = address;
  ready.decode().then(() => {
    if (Number(node.dataset.shown ?? 0) > Number(turn)) return;
    node.dataset.shown = turn;
    node.setAttributeNS("http://www.w3.org/1999/xlink", "xlink:href", address);
  }, () => {});
}

/** Paint a heatmap whose x, y and z are columns of the same length; false: let plotly draw it.
 * @param {Calc} calc
 * @param {Arrays} arrays
 * @param {PlotAxis} xa
 * @param {PlotAxis} ya */
export function paintImage(calc, arrays, xa, ya) {
  const { trace, node3 } = calc[0];
  const node = node3?.node()?.querySelector("image");
  const { x, y, z } = arrays;
  if (!node || !z || x.length !== z.length || y.length !== z.length) return false;
  const { columns, rows, at } = place(trace, arrays, xa, ya);
  const colours = table(trace.colorscale);
  canvas.width = columns;
  canvas.height = rows;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const picture = context.createImageData(columns, rows);
  const span = (STEPS - 1) / (trace.zmax - trace.zmin);
  for (let i = 0; i < z.length; i += 1) {
    const step = Math.min(STEPS - 1, Math.max(0, Math.round((z[i] - trace.zmin) * span)));
    const [from, to] = [3 * step, 4 * at[i]];
    picture.data[to] = colours[from];
    picture.data[to + 1] = colours[from + 1];
    picture.data[to + 2] = colours[from + 2];
    picture.data[to + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
  node.style.imageRendering = "pixelated";
  exchange(node, canvas.toDataURL());
  return true;
}
