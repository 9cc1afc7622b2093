// Painting under the finger: new coordinates written straight into the nodes that plotly drew.
//
// A full redraw by plotly takes some 40 ms; writing the paths takes one or two. Plotly itself is
// brought up to date when the finger rests. What cannot be painted so is reported back.

import { paintImage } from "./image.js";

const tenth = (value) => Math.round(value * 10) / 10;

function axes(gd, trace) {
  const layout = gd._fullLayout;
  const find = (letter, id) => layout[`${letter}axis${(id ?? letter).slice(1)}`];
  return [find("x", trace.xaxis), find("y", trace.yaxis)];
}

function vertices(shape, pixels) {
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

// Pixels of a trace, cut into pieces where a point is missing.
function pieces(xa, ya, x, y) {
  const found = [[]];
  for (let i = 0; i < Math.min(x.length, y.length); i += 1) {
    const px = tenth(xa.c2p(x[i]));
    const py = tenth(ya.c2p(y[i]));
    if (Number.isFinite(px) && Number.isFinite(py)) found[found.length - 1].push([px, py]);
    else if (found[found.length - 1].length) found.push([]);
  }
  return found.filter((piece) => piece.length);
}

const joined = (points) => `M${points.join("L")}`;

function fillPath(trace, parts, xa, ya, previous) {
  const first = parts[0][0];
  const all = parts.flat();
  const last = all[all.length - 1];
  if (trace.fill === "tozeroy") {
    const zero = tenth(ya.c2p(0, true));
    return `${joined([[first[0], zero], ...all, [last[0], zero]])}Z`;
  }
  if (trace.fill === "tozerox") {
    const zero = tenth(xa.c2p(0, true));
    return `${joined([[zero, first[1]], ...all, [zero, last[1]]])}Z`;
  }
  if (trace.fill === "tonexty") return previous ? `${joined([...all, ...previous.reverse()])}Z` : null;
  return parts.map((part) => `${joined(part)}Z`).join("");
}

// As many nodes as points: the last one is copied, or those too many are taken away.
function matched(nodes, count) {
  const list = Array.from(nodes);
  while (list.length > count) list.pop().remove();
  while (list.length < count) {
    const copy = list[list.length - 1].cloneNode(true);
    list[list.length - 1].after(copy);
    list.push(copy);
  }
  return list;
}

function paintLines(group, trace, parts) {
  const lines = group.querySelectorAll(":scope > .lines > path.js-line");
  if (!lines.length) return !parts.length;
  const path = parts.map(joined).join("");
  lines.forEach((line, i) => line.setAttribute("d", i === 0 && path ? path : "M0,0"));
  return true;
}

function paintPoints(group, xa, ya, x, y) {
  const at = [];
  for (let i = 0; i < Math.min(x.length, y.length); i += 1) {
    const px = xa.c2p(x[i]);
    const py = ya.c2p(y[i]);
    if (Number.isFinite(px) && Number.isFinite(py)) at.push(`translate(${tenth(px)},${tenth(py)})`);
  }
  const points = group.querySelectorAll(":scope > .points > path.point");
  if (!points.length || !at.length) return points.length === at.length;
  matched(points, at.length).forEach((node, i) => node.setAttribute("transform", at[i]));
  return true;
}

function paintText(group, xa, ya, x, y, text) {
  const labels = group.querySelectorAll(":scope > .text > g.textpoint > text");
  if (labels.length !== x.length) return false;
  labels.forEach((label, i) => {
    const px = tenth(xa.c2p(x[i]));
    const py = tenth(ya.c2p(y[i]));
    if (text) label.textContent = Array.isArray(text) ? text[i] : text;
    for (const node of [label, ...label.querySelectorAll("tspan.line")]) {
      node.setAttribute("x", px);
      node.setAttribute("y", py);
    }
  });
  return true;
}

function paintScatter(gd, calc, arrays, parts) {
  const trace = calc[0].trace;
  const group = calc[0].node3?.node();
  if (!group || trace.line?.shape === "spline") return false;
  const [xa, ya] = axes(gd, trace);
  const { x, y, text } = arrays;
  let done = true;
  if (trace.mode?.includes("lines")) done = paintLines(group, trace, parts) && done;
  if (trace.mode?.includes("markers")) done = paintPoints(group, xa, ya, x, y) && done;
  if (trace.mode?.includes("text")) done = paintText(group, xa, ya, x, y, text) && done;
  return done;
}

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

// Paint the traces named in `changed` from `arrays` (name -> {x, y, z, text}); false: redraw by
// plotly.
export function paint(gd, changed, arrays) {
  const calcs = new Map();
  for (const calc of gd.calcdata ?? []) if (calc[0]?.trace) calcs.set(calc[0].trace.name, calc);
  const parts = new Map();
  const partsOf = (name) => {
    if (!parts.has(name) && calcs.has(name) && arrays[name]) {
      const trace = calcs.get(name)[0].trace;
      const [xa, ya] = axes(gd, trace);
      const raw = pieces(xa, ya, arrays[name].x, arrays[name].y);
      parts.set(name, raw.map((piece) => vertices(trace.line?.shape ?? "linear", piece)));
    }
    return parts.get(name);
  };
  let done = true;
  for (const [name, calc] of calcs) {
    const trace = calc[0].trace;
    if (trace.visible !== true) continue;
    const moved = changed.has(name);
    if (trace.type === "bar") done = (!moved || paintBars(gd, calc, arrays[name])) && done;
    else if (trace.type === "heatmap") done = (!moved || paintImage(calc, arrays[name], ...axes(gd, trace))) && done;
    else if (trace.type !== "scatter") done = !moved && done;
    else {
      const wanted = trace.mode?.includes("lines") || trace.fill !== "none";
      if (moved) done = paintScatter(gd, calc, arrays[name], wanted ? partsOf(name) : []) && done;
      const leans = trace.fill === "tonexty" && changed.has(trace._prevtrace?.name);
      if (moved || leans) paintFill(gd, calc, partsOf(name) ?? [], partsOf);
    }
  }
  return done;
}
