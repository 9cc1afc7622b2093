// Diagrams: what Python has laid out, drawn as SVG; words are filled in, broken and fitted here.
//
// draw(diagram, ...)   another diagram, another form or theme: everything anew
// set(names, traces)   numbers or the stage have changed
// A part's state is in its `data-state`: "off" before its stage, "on", or "lit" in its turn.

import { bytesOf } from "../shared/decode.js";
import { makeSvg } from "../shared/dom.js";
import { fill } from "../shared/words.js";

const SYMBOLS = { "ϵ": "eps", "ε": "eps", "μ": "mu", "σ": "sigma", "ϕ": "phi", "θ": "theta", x: "x", z: "z" };
// A symbol: a Greek letter, or an x or z that is no part of a word.
const SYMBOL = /((?:[ϵεμσϕθ]|(?<![A-Za-z])[xz](?![A-Za-z]))\u2032?)/u;
const FACES = { plain: '"Source Sans", "Source Sans Pro", sans-serif', symbol: "KaTeX_Math, serif" };
const SYMBOL_SIZE = 1.12;
const [LEADING, BASELINE, PADDING, SMALLEST] = [1.24, 0.34, 7, 0.5]; // in sizes of the letters, units, of 1
const pen = document.createElement("canvas").getContext("2d");

// A text as runs of plain letters and of symbols: [text, the symbol's colour].
function runs(text) {
  const parts = text.split(SYMBOL).map((part, i) => [part, i % 2 ? SYMBOLS[part[0]] : ""]);
  return parts.filter(([part]) => part);
}

// Whether a thing is nothing but its words.
const wordsAlone = ({ shape }) => shape === "note" || shape === "value";

function widthOf(text, size, bold) {
  let width = 0;
  for (const [part, symbol] of runs(text)) {
    pen.font = `${symbol ? "italic" : "normal"} ${bold ? 700 : 400} 100px ${symbol ? FACES.symbol : FACES.plain}`;
    width += (pen.measureText(part).width / 100) * size * (symbol ? SYMBOL_SIZE : 1);
  }
  return width;
}

// Rows of words, none wider than `room` where that can be; a row with a tab is never broken.
function broken(text, room, size, bold) {
  const rows = [];
  for (const paragraph of text.split("\n")) {
    let row = "";
    for (const word of paragraph.includes("\t") ? [paragraph] : paragraph.split(" ")) {
      const longer = row ? `${row} ${word}` : word;
      if (row && widthOf(longer, size, bold) > room) {
        rows.push(row);
        row = word;
      } else row = longer;
    }
    rows.push(row);
  }
  return rows;
}

// The lines of a thing as rows that fit in its box, set smaller where they must be.
function fitted(node, texts) {
  const pad = wordsAlone(node) ? 0 : PADDING;
  const [room, height] = [node.width - 2 * pad, node.height - pad];
  for (let scale = 1; ; scale *= 0.95) {
    const rows = node.lines.flatMap((line, i) => {
      const [size, bold] = [line.size * scale, line.lit.length > 0];
      return broken(texts[i], room, size, bold).map((text) => ({ text, line, size, width: widthOf(text, size, bold) }));
    });
    const total = rows.reduce((sum, { size }) => sum + size * LEADING, 0);
    if (scale < SMALLEST || (total <= height + 0.5 && rows.every(({ width }) => width <= room + 0.5))) {
      // The rows of a table share the height that there is.
      const tall = rows.some(({ text }) => text.includes("\t")) ? Math.min(height / total, 1.7) : 1;
      return { rows, total: total * tall, leading: LEADING * tall, room };
    }
  }
}

function written(row, x, y, anchor, changes) {
  const spans = runs(row.text).map(([text, symbol]) => {
    const style = `fill: var(--ttn-${symbol}); font-size: ${row.size * SYMBOL_SIZE}px`;
    return makeSvg("tspan", symbol ? { class: "ttn-symbol", style } : {}, text);
  });
  const style = `--colour: ${row.line.colour}; font-size: ${row.size}px`;
  const turns = changes && row.line.lit.length ? "ttn-turns" : "";
  return makeSvg("text", { x, y, style, "text-anchor": anchor, class: turns }, ...spans);
}

// Write a thing's lines into its group; what follows a tab stands at the right edge. Returns what
// changes with the stage.
function write(group, node, texts) {
  const { rows, total, leading, room } = fitted(node, texts);
  const places = { start: node.x - room / 2, middle: node.x, end: node.x + room / 2 };
  let y = node.top ? node.y - node.height / 2 : node.y - total / 2;
  return rows.map((row) => {
    const base = y + row.size * (leading / 2 + BASELINE);
    y += row.size * leading;
    const [label, value] = row.text.split("\t");
    const anchor = value === undefined ? node.align : "end";
    if (value !== undefined) group.append(written({ ...row, text: label }, places.start, base, "start", false));
    const element = written({ ...row, text: value ?? label }, places[anchor], base, anchor, true);
    group.append(element);
    return { element, part: row.line };
  });
}

function outline({ shape, x, y, width, height }, margin) {
  const [w, h] = [width / 2 + margin, height / 2 + margin];
  if (shape === "cross") return `M${x - w},${y - h}l${2 * w},${2 * h}M${x - w},${y + h}l${2 * w},${-2 * h}`;
  const r = shape === "ring" ? Math.min(w, h) : 9 + margin;
  const corner = (dx, dy) => `a${r},${r} 0 0 1 ${dx * r},${dy * r}`;
  return `M${x - w + r},${y - h}h${2 * (w - r)}${corner(1, 1)}v${2 * (h - r)}${corner(-1, 1)}h${-2 * (w - r)}${corner(-1, -1)}v${-2 * (h - r)}${corner(1, -1)}z`;
}

const HEAD = "M0,0L-9,-4.2L-9,4.2Z";

// A line that ends within its head, which grows with the line.
function arrow({ points, kind, colour }) {
  const [from, to] = points.slice(-2);
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  const neck = kind === "lost" ? to : [to[0] - 7 * Math.cos(angle), to[1] - 7 * Math.sin(angle)];
  const line = makeSvg("path", { class: "ttn-line", d: `M${[...points.slice(0, -1), neck].join("L")}` });
  const group = makeSvg("g", { class: `ttn-edge ttn-${kind}`, style: colour && `color: ${colour}` }, line);
  if (kind !== "lost") {
    const turned = `translate(${to}) rotate(${(angle * 180) / Math.PI})`;
    group.append(makeSvg("g", { transform: turned }, makeSvg("path", { class: "ttn-head", d: HEAD })));
  }
  return group;
}

// Grey values in [0, 1], row by row of a square, as an image: ink on whatever is below.
function painted(greys, ink) {
  const side = Math.sqrt(greys.length);
  const canvas = document.createElement("canvas");
  canvas.width = side;
  canvas.height = side;
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  greys.forEach((grey, i) => image.data.set([...ink, Math.round(255 * grey)], 4 * i));
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

// The pictures that came with a diagram, as traces have them.
const unpacked = (pictures) => Object.fromEntries(Object.entries(pictures).map(([name, greys]) =>
  [name, { z: Float32Array.from(new Uint8Array(bytesOf(greys)), (grey) => grey / 255) }]));

export class DiagramView {
  constructor(root, said) {
    this.root = root;
    this.said = said;
    this.svg = makeSvg("svg", { class: "ttn-diagram" });
  }

  // Draw a diagram anew: its wide or its narrow form, pictures in this ink.
  async draw(diagram, narrow, ink) {
    await Promise.all(["16px 'Source Sans'", "700 16px 'Source Sans'", "italic 16px KaTeX_Math"].map(
      (face) => document.fonts.load(face)));
    this.diagram = diagram;
    this.ink = ink;
    const { size, nodes, edges } = diagram[narrow ? "narrow" : "wide"];
    const described = nodes.some(({ about }) => about);
    const attributes = { viewBox: `0 0 ${size.join(" ")}`, role: described ? "group" : "img",
      "aria-label": diagram.description || "Diagram", "data-form": narrow ? "narrow" : "wide" };
    for (const [name, value] of Object.entries(attributes)) this.svg.setAttribute(name, value);
    this.parts = [];
    this.things = nodes.map((node) => this.thing(node));
    const arrows = edges.map((edge) => this.part(arrow(edge), edge));
    this.svg.replaceChildren(...arrows, ...this.things.map(({ group }) => group));
    if (this.svg.parentNode !== this.root) this.root.replaceChildren(this.svg);
    this.pictures = unpacked(diagram.pictures);
  }

  part(element, part) {
    this.parts.push({ element, part });
    return element;
  }

  thing(node) {
    const words = makeSvg("g", { class: "ttn-words" });
    const group = this.part(makeSvg("g", { class: `ttn-node ttn-${node.shape}`, style: `--colour: ${node.colour}` }), node);
    group.dataset.name = node.name;
    if (!wordsAlone(node)) {
      if (node.shape !== "cross") group.append(makeSvg("path", { class: "ttn-halo", d: outline(node, 4) }));
      group.append(makeSvg("path", { class: "ttn-outline", d: outline(node, 0), "stroke-dasharray": node.dashed ? "5 4" : "" }));
    }
    const [w, h] = [node.width - 6, node.height - 6];
    const image = node.picture && makeSvg("image", { x: node.x - w / 2, y: node.y - h / 2, width: w, height: h });
    group.append(...[image, words].filter(Boolean));
    if (node.about) this.explain(group, node);
    return { node, group, words, image, parts: [] };
  }

  // A thing with something to say of it says it when it has the focus.
  explain(group, node) {
    const say = () => this.said(node.about);
    const attributes = { tabindex: 0, role: "button", "aria-label": `${node.spoken}: ${node.about}` };
    for (const [name, value] of Object.entries(attributes)) group.setAttribute(name, value);
    group.addEventListener("focus", say);
    group.addEventListener("click", say);
    group.addEventListener("blur", () => this.said(""));
  }

  // Fill in the numbers, light what the stage lights, show the pictures.
  set(names, traces = {}) {
    for (const thing of this.things) {
      const texts = thing.node.lines.map(({ words }) => fill(words, names, {}));
      const told = texts.join("\n\n");
      if (told !== thing.told) {
        thing.told = told;
        thing.words.replaceChildren();
        thing.parts = write(thing.words, thing.node, texts);
      }
      const greys = { ...this.pictures, ...traces }[thing.node.picture]?.z;
      if (greys && greys !== thing.greys) thing.image.setAttribute("href", painted(greys, this.ink));
      thing.greys = greys;
    }
    const stage = names[this.diagram.stage];
    if (stage !== undefined) this.svg.dataset.stage = stage;
    for (const { element, part } of [...this.parts, ...this.things.flatMap(({ parts }) => parts)]) {
      const on = !part.shown.length || part.shown.includes(stage);
      element.dataset.state = part.lit.includes(stage) ? "lit" : on ? "on" : "off";
    }
  }

  // What is drawn on a canvas, where the page's own letters are at hand, as a PNG.
  async save(paper, filename) {
    const { width, height } = this.svg.getBoundingClientRect();
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(2 * width);
    canvas.height = Math.round(2 * height);
    const context = canvas.getContext("2d");
    context.fillStyle = paper;
    context.fillRect(0, 0, canvas.width, canvas.height);
    for (const node of this.svg.querySelectorAll("path, tspan, image")) {
      const style = getComputedStyle(node);
      if (style.visibility === "hidden") continue;
      const { a, b, c, d, e, f } = node.getCTM();
      context.setTransform(2 * a, 2 * b, 2 * c, 2 * d, 2 * e, 2 * f);
      await copy(node, style, context);
    }
    const link = document.createElement("a");
    link.href = canvas.toDataURL();
    link.download = `${filename}.png`;
    link.click();
  }
}

async function copy(node, style, context) {
  context.fillStyle = style.fill;
  context.strokeStyle = style.stroke;
  context.lineWidth = parseFloat(style.strokeWidth);
  context.setLineDash((style.strokeDasharray.match(/[\d.]+/g) ?? []).map(Number));
  if (node.tagName === "tspan") {
    const { x, y } = node.getStartPositionOfChar(0);
    context.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    context.fillText(node.textContent, x, y);
  } else if (node.tagName === "image") {
    const image = new Image();
    image.src = node.getAttribute("href");
    await image.decode();
    const box = node.getBBox();
    context.imageSmoothingEnabled = false;
    context.drawImage(image, box.x, box.y, box.width, box.height);
  } else {
    const path = new Path2D(node.getAttribute("d"));
    if (style.fill !== "none") context.fill(path);
    if (style.stroke !== "none") context.stroke(path);
  }
}
