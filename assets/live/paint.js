// Painting under the finger: new coordinates written straight into the nodes that plotly drew.
//
// A full redraw by plotly takes some 40 ms; writing the paths takes one or two. Plotly itself is
// brought up to date when the finger rests. What cannot be painted so is reported back.

import { paintImage } from "./image.js";

/** @import { Arrays, Calc, PlotAxis, PlotElement } from "../types" */
/** @typedef {[x: number, y: number]} Point */
/** @typedef {(name: string) => Point[][] | undefined} PartsOf the pixels of a trace, by its name */

const tenth = (/** @type {number} */ value) => Math.round(value * 10) / 10;

/** @param {PlotElement} gd
 * @param {any} trace
 * @returns {[PlotAxis, PlotAxis]} */
function axes(gd, trace) {
  const layout = gd._fullLayout;
  const { xaxis = "x", yaxis = "y" } = trace;
  return [layout[`xaxis${xaxis.slice(1)}`], layout[`yaxis${yaxis.slice(1)}`]];
}

/** The corners of a line of this shape.
 * @param {string} shape
 * @param {Point[]} pixels */
function vertices(shape, pixels) {
  /** @type {Point[]} */
  const corners = [];
  for (let i = 0; i < pixels.length; i += 1) {
    const [x, y] = pixels[i];
    if (i > 0 && shape !== "linear") {
      const [x0, y0] = pixels[i - 1];
      if (shape === "hv") corners.push([x, y0]);
      if (shape === "vh") corners.push([x0, y]);
      if (shape === "hvh") corners.push([(x0 + x) / 2, y0], [(x0 + x) / 2, y]);
      if (shape === "vhv") corners.push([x0, (y0 + y) / 2], [x, (y0 + y) / 2]);
    }
    corners.push([x, y]);
  }
  return corners;
}

/** Pixels of a trace, cut into pieces where a point is missing. A rest that is only coming, or
 * going, grows out of the last point before it, and a piece of its own out of its first point.
 * @param {PlotAxis} xa
 * @param {PlotAxis} ya
 * @param {Arrays} arrays */
function pieces(xa, ya, { x, y, rest }) {
  /** @type {Point[][]} */
  const found = [[]];
  /** @type {Point | null} */
  let root = null;
  for (let i = 0; i < Math.min(x.length, y.length); i += 1) {
    const [px, py] = [xa.c2p(x[i]), ya.c2p(y[i])];
    const piece = found[found.length - 1];
    if (!Number.isFinite(px) || !Number.isFinite(py)) {
      root = null;
      if (piece.length) found.push([]);
      continue;
    }
    const fixed = !rest || i < rest.from;
    if (fixed || !root) root = [px, py];
    const share = fixed ? 1 : rest.share;
    const grown = (/** @type {number} */ at, /** @type {number} */ from) =>
      tenth(from + share * (at - from));
    piece.push([grown(px, root[0]), grown(py, root[1])]);
  }
  return found.filter((piece) => piece.length);
}

const joined = (/** @type {Point[]} */ points) => `M${points.join("L")}`;

/** @param {any} trace
 * @param {Point[][]} parts
 * @param {PlotAxis} xa
 * @param {PlotAxis} ya
 * @param {Point[] | null | undefined} previous the line that the fill leans on */
function fillPath(trace, parts, xa, ya, previous) {
  const first = parts[0][0];
  const all = parts.flat();
  const last = all[all.length - 1];
  if (trace.fill === "tozeroy") {
    const zero = tenth(ya.c2p(0, true));
    return `${joined([[last[0], zero], [first[0], zero], ...all])}Z`;
  }
  if (trace.fill === "tozerox") {
    const zero = tenth(xa.c2p(0, true));
    return `${joined([[zero, last[1]], [zero, first[1]], ...all])}Z`;
  }
  if (trace.fill === "tonexty") {
    return previous ? `${joined([...all, ...previous.toReversed()])}Z` : null;
  }
  return parts.map((part) => `${joined(part)}Z`).join("");
}

/** As many nodes as points: the last one is copied, or those too many are taken away.
 * @param {NodeListOf<Element>} nodes
 * @param {number} count */
function matched(nodes, count) {
  const list = Array.from(nodes);
  while (list.length > count) list.pop()?.remove();
  while (list.length < count) {
    const copy = /** @type {Element} */ (list[list.length - 1].cloneNode(true));
    list[list.length - 1].after(copy);
    list.push(copy);
  }
  return list;
}

/** @param {Element} group
 * @param {Point[][]} parts */
function paintLines(group, parts) {
  const lines = group.querySelectorAll(":scope > .lines > path.js-line");
  if (!lines.length) return !parts.length;
  const path = parts.map(joined).join("");
  lines.forEach((line, i) => line.setAttribute("d", i === 0 && path ? path : "M0,0"));
  return true;
}

/** @param {Element} group
 * @param {PlotAxis} xa
 * @param {PlotAxis} ya
 * @param {Arrays} arrays */
function paintPoints(group, xa, ya, { x, y, rest }) {
  /** @type {string[]} */
  const at = [];
  for (let i = 0; i < Math.min(x.length, y.length); i += 1) {
    const px = xa.c2p(x[i]);
    const py = ya.c2p(y[i]);
    if (!Number.isFinite(px) || !Number.isFinite(py)) continue;
    const size = rest && i >= rest.from ? `scale(${rest.share.toFixed(3)})` : "";
    at.push(`translate(${tenth(px)},${tenth(py)})${size}`);
  }
  const points = group.querySelectorAll(":scope > .points > path.point");
  if (!points.length || !at.length) return points.length === at.length;
  matched(points, at.length).forEach((node, i) => node.setAttribute("transform", at[i]));
  return true;
}

/** @param {Element} group
 * @param {PlotAxis} xa
 * @param {PlotAxis} ya
 * @param {Arrays} arrays */
function paintText(group, xa, ya, { x, y, text }) {
  const labels = group.querySelectorAll(":scope > .text > g.textpoint > text");
  if (labels.length !== x.length) return false;
  labels.forEach((label, i) => {
    const px = tenth(xa.c2p(x[i]));
    const py = tenth(ya.c2p(y[i]));
    if (text) label.textContent = Array.isArray(text) ? text[i] : text;
    for (const node of [label, ...label.querySelectorAll("tspan.line")]) {
      node.setAttribute("x", String(px));
      node.setAttribute("y", String(py));
    }
  });
  return true;
}

/** @param {PlotElement} gd
 * @param {Calc} calc
 * @param {Arrays} arrays
 * @param {Point[][]} parts */
function paintScatter(gd, calc, arrays, parts) {
  const { trace, node3 } = calc[0];
  const group = node3?.node();
  if (!group || trace.line?.shape === "spline") return false;
  const [xa, ya] = axes(gd, trace);
  const mode = trace.mode ?? "";
  const done = [
    !mode.includes("lines") || paintLines(group, parts),
    !mode.includes("markers") || paintPoints(group, xa, ya, arrays),
    !mode.includes("text") || paintText(group, xa, ya, arrays),
  ];
  return done.every(Boolean);
}

/** @param {PlotElement} gd
 * @param {Calc} calc
 * @param {Point[][]} parts
 * @param {PartsOf} partsOf */
function paintFill(gd, calc, parts, partsOf) {
  const trace = calc[0].trace;
  if (!trace.fill || trace.fill === "none" || !parts.length) return;
  const before = trace._prevtrace;
  const node = (trace._ownFill ?? before?._nextFill)?.node?.();
  const [xa, ya] = axes(gd, trace);
  const previous = before ? partsOf(before.name)?.flat() : null;
  const path = node && fillPath(trace, parts, xa, ya, previous);
  if (path) node.setAttribute("d", path);
}

/** @param {PlotElement} gd
 * @param {Calc} calc
 * @param {Arrays} arrays */
function paintBars(gd, calc, arrays) {
  const trace = calc[0].trace;
  const bars = calc[0].node3?.node()?.querySelectorAll(".point > path");
  if (!bars || bars.length !== calc.length) return false;
  const [xa, ya] = axes(gd, trace);
  const flat = trace.orientation === "h";
  const [along, across] = flat ? [ya, xa] : [xa, ya];
  const [places, sizes] = flat ? [arrays.y, arrays.x] : [arrays.x, arrays.y];
  calc.forEach((bar, i) => {
    const shift = places[i] - bar.p;
    const p0 = tenth(along.c2p(bar.p0 + shift, true));
    const p1 = tenth(along.c2p(bar.p1 + shift, true));
    const s0 = tenth(across.c2p(bar.b ?? 0, true));
    const s1 = tenth(across.c2p((bar.b ?? 0) + sizes[i], true));
    const path = flat ? `M${s0},${p0}V${p1}H${s1}V${p0}Z` : `M${p0},${s0}V${s1}H${p1}V${s0}Z`;
    bars[i].setAttribute("d", Number.isFinite(s1) && sizes[i] ? path : "M0,0Z");
  });
  return true;
}

/** @param {PlotElement} gd
 * @param {Calc} calc
 * @param {Set<string>} changed
 * @param {Record<string, Arrays>} arrays
 * @param {PartsOf} partsOf */
function paintTrace(gd, calc, changed, arrays, partsOf) {
  const { trace } = calc[0];
  const { name, type, mode, fill } = trace;
  const moved = changed.has(name);
  if (type !== "scatter") {
    if (!moved) return true;
    if (type === "bar") return paintBars(gd, calc, arrays[name]);
    return type === "heatmap" && paintImage(calc, arrays[name], ...axes(gd, trace));
  }
  const lined = mode?.includes("lines") || fill !== "none";
  const done = !moved || paintScatter(gd, calc, arrays[name], (lined && partsOf(name)) || []);
  const leans = fill === "tonexty" && changed.has(trace._prevtrace?.name);
  if (moved || leans) paintFill(gd, calc, partsOf(name) ?? [], partsOf);
  return done;
}

/** Paint the traces named in `changed`; false: let plotly draw them.
 * @param {PlotElement} gd
 * @param {Set<string>} changed
 * @param {Record<string, Arrays>} arrays by trace */
export function paint(gd, changed, arrays) {
  /** @type {Map<string, Calc>} */
  const calcs = new Map();
  for (const calc of gd.calcdata ?? []) if (calc[0]?.trace) calcs.set(calc[0].trace.name, calc);
  /** @type {Map<string, Point[][]>} */
  const parts = new Map();
  /** @type {PartsOf} */
  const partsOf = (name) => {
    const calc = calcs.get(name);
    if (!parts.has(name) && calc && arrays[name]) {
      const { trace } = calc[0];
      const raw = pieces(...axes(gd, trace), arrays[name]);
      parts.set(name, raw.map((piece) => vertices(trace.line?.shape ?? "linear", piece)));
    }
    return parts.get(name);
  };
  let done = true;
  for (const calc of calcs.values()) {
    if (calc[0].trace.visible !== true) continue;
    done = paintTrace(gd, calc, changed, arrays, partsOf) && done;
  }
  return done;
}
