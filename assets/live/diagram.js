// Diagrams: what Python has laid out, drawn as SVG; words are filled in, broken and fitted here.
//
// draw(diagram, ...)   another diagram, another form or theme: everything anew
// set(names, traces)   numbers or the stage have changed
// A part's state is in its `data-state`: "off" before its stage, "on", or "lit" in its turn.

import { bytesOf } from "../shared/decode.js";
import { make, makeSvg } from "../shared/dom.js";
import { fill } from "../shared/words.js";
import { wordsAlone, write } from "./lettering.js";

/** @import { Arrays, Diagram, DiagramEdge, DiagramNode, Names } from "../types" */
/** @import { Turned } from "./lettering.js" */

/** A node of the diagram on the page.
 * @typedef {object} Thing
 * @property {DiagramNode} node
 * @property {SVGGElement} group
 * @property {SVGGElement} words
 * @property {SVGImageElement | null} image
 * @property {Turned[]} parts that change with the stage
 * @property {string} told its words
 * @property {Float32Array | null} greys of its picture */

/** @param {DiagramNode} node
 * @param {number} margin */
function outline({ shape, x, y, width, height }, margin) {
  const [w, h] = [width / 2 + margin, height / 2 + margin];
  const [left, top] = [x - w, y - h];
  if (shape === "cross") {
    return `M${left},${top}l${2 * w},${2 * h}M${left},${y + h}l${2 * w},${-2 * h}`;
  }
  const r = shape === "ring" ? Math.min(w, h) : 9 + margin;
  const [across, down] = [2 * (w - r), 2 * (h - r)];
  const corner = (/** @type {number} */ dx, /** @type {number} */ dy) =>
    `a${r},${r} 0 0 1 ${dx * r},${dy * r}`;
  const begun = `M${left + r},${top}h${across}${corner(1, 1)}v${down}${corner(-1, 1)}`;
  return `${begun}h${-across}${corner(-1, -1)}v${-down}${corner(1, -1)}z`;
}

const LOADED_FACES = ["16px 'Source Sans'", "700 16px 'Source Sans'", "italic 16px KaTeX_Math"];
const HEAD = "M0,0L-9,-4.2L-9,4.2Z";

/** A line that ends within its head, which grows with the line.
 * @param {DiagramEdge} edge */
function arrow({ points, kind, colour }) {
  const [from, to] = points.slice(-2);
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  const neck = kind === "lost" ? to : [to[0] - 7 * Math.cos(angle), to[1] - 7 * Math.sin(angle)];
  const d = `M${[...points.slice(0, -1), neck].join("L")}`;
  const style = colour && `color: ${colour}`;
  const line = makeSvg("path", { class: "ttn-line", d });
  const group = makeSvg("g", { class: `ttn-edge ttn-${kind}`, style }, line);
  if (kind !== "lost") {
    const transform = `translate(${to}) rotate(${(angle * 180) / Math.PI})`;
    group.append(makeSvg("g", { transform }, makeSvg("path", { class: "ttn-head", d: HEAD })));
  }
  return group;
}

/** @param {number} width
 * @param {number} height
 * @returns {[HTMLCanvasElement, CanvasRenderingContext2D]} */
function sheet(width, height) {
  const canvas = make("canvas", { width: Math.round(width), height: Math.round(height) });
  return [canvas, /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"))];
}

/** Grey values in [0, 1], row by row of a square, as an image: ink on whatever is below.
 * @param {Float32Array} greys
 * @param {number[]} ink */
function painted(greys, ink) {
  const side = Math.sqrt(greys.length);
  const [canvas, context] = sheet(side, side);
  const image = context.createImageData(side, side);
  greys.forEach((grey, i) => image.data.set([...ink, Math.round(255 * grey)], 4 * i));
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

/** The pictures that came with a diagram, as traces have them.
 * @param {Record<string, string>} pictures
 * @returns {Record<string, Arrays>} */
const unpacked = (pictures) => Object.fromEntries(Object.entries(pictures).map(([name, greys]) =>
  [name, { z: Float32Array.from(new Uint8Array(bytesOf(greys)), (grey) => grey / 255) }]));

export class DiagramView {
  /** @type {Diagram | null} */
  diagram = null;
  /** @type {Thing[]} */
  things = [];
  /** @type {Turned[]} */
  parts = [];
  /** @type {Record<string, Arrays>} */
  pictures = {};
  /** @type {number[]} */
  ink = [];

  /** @param {HTMLElement} root
   * @param {(words: string) => void} said */
  constructor(root, said) {
    this.root = root;
    this.said = said;
    this.svg = makeSvg("svg", { class: "ttn-diagram" });
  }

  /** Draw a diagram anew: its wide or its narrow form, pictures in this ink.
   * @param {Diagram} diagram
   * @param {boolean} narrow
   * @param {number[]} ink */
  async draw(diagram, narrow, ink) {
    await Promise.allSettled(LOADED_FACES.map((face) => document.fonts.load(face)));
    this.diagram = diagram;
    this.ink = ink;
    const { size, nodes, edges } = diagram[narrow ? "narrow" : "wide"];
    const role = nodes.some(({ about }) => about) ? "group" : "img";
    const form = narrow ? "narrow" : "wide";
    const attributes = { viewBox: `0 0 ${size.join(" ")}`, role, "data-form": form };
    for (const [name, value] of Object.entries(attributes)) this.svg.setAttribute(name, value);
    this.parts = [];
    this.things = nodes.map((node) => this.thing(node));
    const arrows = edges.map((edge) => this.part(arrow(edge), edge));
    this.svg.replaceChildren(...arrows, ...this.things.map(({ group }) => group));
    if (this.svg.parentNode !== this.root) this.root.replaceChildren(this.svg);
    this.pictures = unpacked(diagram.pictures);
  }

  /** @template {SVGElement} Drawn
   * @param {Drawn} element
   * @param {Turned["part"]} part */
  part(element, part) {
    this.parts.push({ element, part });
    return element;
  }

  /** @param {DiagramNode} node
   * @returns {Thing} */
  thing(node) {
    const words = makeSvg("g", { class: "ttn-words" });
    const look = { class: `ttn-node ttn-${node.shape}`, style: `--colour: ${node.colour}` };
    const group = this.part(makeSvg("g", look), node);
    group.dataset.name = node.name;
    if (!wordsAlone(node)) {
      const halo = makeSvg("path", { class: "ttn-halo", d: outline(node, 4) });
      if (node.shape !== "cross") group.append(halo);
      const dashes = { "stroke-dasharray": node.dashed ? "5 4" : "" };
      group.append(makeSvg("path", { class: "ttn-outline", d: outline(node, 0), ...dashes }));
    }
    const [w, h] = [node.width - 6, node.height - 6];
    const box = { x: node.x - w / 2, y: node.y - h / 2, width: w, height: h };
    const image = node.picture ? makeSvg("image", box) : null;
    group.append(...(image ? [image] : []), words);
    if (node.about) this.explain(group, node);
    return { node, group, words, image, parts: [], told: "", greys: null };
  }

  /** A thing with something to say of it says it under the pointer, and when it has the focus.
   * @param {SVGGElement} group
   * @param {DiagramNode} node */
  explain(group, { spoken, about }) {
    const attributes = { tabindex: "0", role: "img", "aria-label": `${spoken}: ${about}` };
    for (const [name, value] of Object.entries(attributes)) group.setAttribute(name, value);
    for (const [event, words] of [["focus", about], ["pointerenter", about], ["blur", ""],
      ["pointerleave", ""]]) group.addEventListener(event, () => this.said(words));
  }

  /** Fill in the numbers, light what the stage lights, show the pictures.
   * @param {Names} names
   * @param {Record<string, Arrays>} traces */
  set(names, traces = {}) {
    if (!this.diagram) return;
    for (const thing of this.things) {
      const texts = thing.node.lines.map(({ words }) => fill(words, names, {}));
      const told = texts.join("\n\n");
      if (told !== thing.told) {
        thing.told = told;
        thing.words.replaceChildren();
        thing.parts = write(thing.words, thing.node, texts);
      }
      const greys = { ...this.pictures, ...traces }[thing.node.picture]?.z;
      if (greys && greys !== thing.greys) {
        thing.image?.setAttribute("href", painted(greys, this.ink));
      }
      thing.greys = greys;
    }
    const described = fill(this.diagram.description || "Diagram", names, {});
    this.svg.setAttribute("aria-label", described);
    const stage = names[this.diagram.stage];
    if (stage !== undefined) this.svg.dataset.stage = String(stage);
    for (const { element, part } of [...this.parts, ...this.things.flatMap(({ parts }) => parts)]) {
      const on = !part.shown.length || part.shown.includes(Number(stage));
      element.dataset.state = part.lit.includes(Number(stage)) ? "lit" : on ? "on" : "off";
    }
  }

  /** What is drawn on a canvas, where the page's own letters are at hand, as a PNG.
   * @param {string} paper
   * @param {string} filename */
  async save(paper, filename) {
    const { width, height } = this.svg.getBoundingClientRect();
    const [canvas, context] = sheet(2 * width, 2 * height);
    context.fillStyle = paper;
    context.fillRect(0, 0, canvas.width, canvas.height);
    const drawn = /** @type {NodeListOf<SVGGraphicsElement>} */ (
      this.svg.querySelectorAll("path, tspan, image"));
    for (const node of drawn) {
      const style = getComputedStyle(node);
      const place = node.getCTM();
      if (style.visibility === "hidden" || !place) continue;
      const { a, b, c, d, e, f } = place;
      context.setTransform(2 * a, 2 * b, 2 * c, 2 * d, 2 * e, 2 * f);
      // oxlint-disable-next-line no-await-in-loop -- one lies over the other
      await copy(node, style, context);
    }
    const link = document.createElement("a");
    link.href = canvas.toDataURL();
    link.download = `${filename}.png`;
    link.click();
  }
}

/** @param {SVGGraphicsElement} node
 * @param {CSSStyleDeclaration} style
 * @param {CanvasRenderingContext2D} context */
async function copy(node, style, context) {
  context.fillStyle = style.fill;
  context.strokeStyle = style.stroke;
  context.lineWidth = parseFloat(style.strokeWidth);
  context.setLineDash((style.strokeDasharray.match(/[\d.]+/g) ?? []).map(Number));
  if (node instanceof SVGTextContentElement) {
    const { x, y } = node.getStartPositionOfChar(0);
    context.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    context.fillText(node.textContent ?? "", x, y);
  } else if (node.tagName === "image") {
    const image = new Image();
    image.src = node.getAttribute("href") ?? "";
    await image.decode();
    const box = node.getBBox();
    context.imageSmoothingEnabled = false;
    context.drawImage(image, box.x, box.y, box.width, box.height);
  } else {
    const path = new Path2D(node.getAttribute("d") ?? "");
    if (style.fill !== "none") context.fill(path);
    if (style.stroke !== "none") context.stroke(path);
  }
}
