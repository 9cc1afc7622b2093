// Words in a diagram: symbols in their colours and face, lines broken and fitted into their box.

import { makeSvg } from "../shared/dom.js";

/** @import { DiagramLine, DiagramNode } from "../types" */
/** @typedef {{ text: string, line: DiagramLine, size: number, code: boolean }} Row */

/** What changes with the stage, and the part of the diagram that says how.
 * @typedef {{ element: SVGElement, part: { shown: number[], lit: number[] } }} Turned */

/** @type {Record<string, string>} */
const SYMBOLS = {
  ϵ: "eps", ε: "eps", μ: "mu", σ: "sigma", ϕ: "phi", θ: "theta", x: "x", z: "z",
};
// A symbol: a Greek letter, or an x or z that is no part of a word.
const SYMBOL = /((?:[ϵεμσϕθ]|(?<![A-Za-z])[xz](?![A-Za-z]))\u2032?)/u;
const FACES = {
  plain: '"Source Sans", "Source Sans Pro", sans-serif', symbol: "KaTeX_Math, serif",
  code: '"Source Code Pro", "Source Code", monospace',
};
const SYMBOL_SIZE = 1.12;
const [LEADING, BASELINE] = [1.24, 0.34]; // in sizes of the letters
const PADDING = 7;
const SMALLEST = 0.5; // of their size
const pen = /** @type {CanvasRenderingContext2D} */ (
  document.createElement("canvas").getContext("2d"));

/** A text as runs of plain letters and of symbols: [text, the symbol's colour].
 * @param {string} text */
function runs(text) {
  const parts = text.split(SYMBOL).map((part, i) => [part, i % 2 ? SYMBOLS[part[0]] : ""]);
  return parts.filter(([part]) => part);
}

/** Whether a thing is nothing but its words.
 * @param {DiagramNode} node */
export const wordsAlone = ({ shape }) => shape === "note" || shape === "value";

/** The width of a line of code.
 * @param {string} text
 * @param {number} size
 * @param {boolean} bold */
function widthOfCode(text, size, bold) {
  pen.font = `${bold ? 700 : 400} 100px ${FACES.code}`;
  return (pen.measureText(text).width / 100) * size;
}

/** @param {string} text
 * @param {number} size
 * @param {boolean} bold */
function widthOf(text, size, bold) {
  let width = 0;
  for (const [part, symbol] of runs(text)) {
    const [slant, face] = symbol ? ["italic", FACES.symbol] : ["normal", FACES.plain];
    pen.font = `${slant} ${bold ? 700 : 400} 100px ${face}`;
    width += (pen.measureText(part).width / 100) * size * (symbol ? SYMBOL_SIZE : 1);
  }
  return width;
}

/** Rows of words, none wider than `room` where that can be; a row with a tab is never broken.
 * @param {string} text
 * @param {number} room
 * @param {number} size
 * @param {boolean} bold */
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

/** The lines of a thing as rows that fit in its box, set smaller where they must be.
 * @param {DiagramNode} node
 * @param {string[]} texts */
function fitted(node, texts) {
  const pad = wordsAlone(node) ? 0 : PADDING;
  const code = node.shape === "code";
  const [room, height] = [node.width - 2 * pad, node.height - pad];
  for (let scale = 1; ; scale *= 0.95) {
    const rows = node.lines.flatMap((line, i) => {
      const [size, bold] = [line.size * scale, line.lit.length > 0];
      const rowsOf = code ? [texts[i]] : broken(texts[i], room, size, bold);
      const measure = code ? widthOfCode : widthOf;
      return rowsOf.map((text) => ({ text, line, size, code, width: measure(text, size, bold) }));
    });
    const total = rows.reduce((sum, { size }) => sum + size * LEADING, 0);
    const fits = total <= height + 0.5 && rows.every(({ width }) => width <= room + 0.5);
    if (fits || scale < SMALLEST) {
      // The rows of a table share the height that there is.
      const tall = rows.some(({ text }) => text.includes("\t")) ? Math.min(height / total, 1.7) : 1;
      return { rows, total: total * tall, leading: LEADING * tall, room };
    }
  }
}

/** @param {Row} row
 * @param {number} x
 * @param {number} y
 * @param {string} anchor
 * @param {boolean} changes with the stage */
function written(row, x, y, anchor, changes) {
  const parts = row.code ? [[row.text, ""]] : runs(row.text);
  const spans = parts.map(([text, symbol]) => {
    const style = `fill: var(--ttn-${symbol}); font-size: ${row.size * SYMBOL_SIZE}px`;
    return makeSvg("tspan", symbol ? { class: "ttn-symbol", style } : {}, text);
  });
  const style = `--colour: ${row.line.colour}; font-size: ${row.size}px`;
  const turns = changes && row.line.lit.length ? "ttn-turns" : "";
  const look = `${turns} ${row.code ? "ttn-code" : ""}`.trim();
  return makeSvg("text", { x, y, style, "text-anchor": anchor, class: look }, ...spans);
}

/** Write a thing's lines into its group; what follows a tab stands at the right edge. Returns what
 * changes with the stage.
 * @param {SVGGElement} group
 * @param {DiagramNode} node
 * @param {string[]} texts
 * @returns {Turned[]} */
export function write(group, node, texts) {
  const { rows, total, leading, room } = fitted(node, texts);
  const places = { start: node.x - room / 2, middle: node.x, end: node.x + room / 2 };
  let y = node.top ? node.y - node.height / 2 : node.y - total / 2;
  return rows.map((row) => {
    const base = y + row.size * (leading / 2 + BASELINE);
    y += row.size * leading;
    const [label, value] = row.text.split("\t");
    const anchor = value === undefined ? node.align : "end";
    if (value !== undefined) {
      group.append(written({ ...row, text: label }, places.start, base, "start", false));
    }
    const element = written({ ...row, text: value ?? label }, places[anchor], base, anchor, true);
    group.append(element);
    return { element, part: row.line };
  });
}
