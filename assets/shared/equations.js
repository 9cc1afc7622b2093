// Where a formula may break: between its equations; where one is too wide for the screen, at the
// places that it gives itself, or before a relation; and only where that is too wide, anywhere.

import { typeset } from "./tex.js";

const BETWEEN = /\\qquad(?![a-z])\s*(\\allowbreak(?![a-z])\s*)?/iy;
const GIVEN = /\\allowbreak(?![a-z])/iy;
const RELATION = /=|\\(approx|geq?|leq?|leftarrow|propto|sim|to)(?![a-z])/iy;
const TOKEN = /\\[a-z]+|\\?[^]/iy;
const DEEPER = new Set(["{", "\\left", "\\begin"]);
const HIGHER = new Set(["}", "\\right", "\\end"]);
const [BESIDE, BELOW, MAYBE] = ["\\qquad\\allowbreak ", "\\\\[0.5em] ", "\\allowbreak "];

/** What a pattern finds outside of all groups: where it begins, and where it ends.
 * @param {string} tex
 * @param {RegExp} pattern sticky */
function outside(tex, pattern) {
  const found = [];
  for (let [at, depth] = [0, 0]; at < tex.length;) {
    pattern.lastIndex = at;
    TOKEN.lastIndex = at;
    const hit = depth === 0 ? pattern.exec(tex) : null;
    const [text] = hit ?? /** @type {RegExpExecArray} */ (TOKEN.exec(tex));
    if (hit) found.push({ start: at, end: at + text.length });
    else depth += Number(DEEPER.has(text)) - Number(HIGHER.has(text));
    at += text.length;
  }
  return found;
}

/** The pieces between what a pattern finds.
 * @param {string} tex
 * @param {RegExp} pattern */
function between(tex, pattern) {
  const cuts = outside(tex, pattern);
  const starts = [0, ...cuts.map(({ end }) => end)];
  return starts.map((start, i) => tex.slice(start, cuts[i]?.start).trim());
}

/** The equations of a formula, which stand \qquad apart.
 * @param {string} tex */
export const equations = (tex) => between(tex, BETWEEN);

/** An equation cut before each relation but the first, which goes with its left side.
 * @param {string} equation */
export function sides(equation) {
  const [, ...later] = outside(equation, RELATION).map(({ start }) => start);
  return [0, ...later].map((start, i) => equation.slice(start, later[i]).trim());
}

/** In one piece. The empty group keeps the space around a relation that comes first.
 * @param {string} tex */
const whole = (tex) => `{{}${tex}}`;

/** The widths of what cannot be broken, for each line that was asked for.
 * @param {HTMLElement} node */
function widths(node) {
  /** @type {number[][]} */
  const lines = [[]];
  for (const part of node.querySelectorAll(".katex-html > *")) {
    if (part.classList.contains("newline")) lines.push([]);
    else lines[lines.length - 1].push(part.getBoundingClientRect().width);
  }
  return lines;
}

/** How an equation may be broken, from the least to the most.
 * @type {((equation: string) => string)[]} */
const WAYS = [
  (equation) => between(equation, GIVEN).map(whole).join(MAYBE),
  (equation) => sides(equation).map(whole).join(MAYBE),
  (equation) => equation,
];

/** Typeset a formula within the width of its node.
 * @param {any} katex
 * @param {string} tex
 * @param {HTMLElement} node
 * @param {Record<string, any>} options of KaTeX */
export function typesetWithin(katex, tex, node, options) {
  const room = node.clientWidth;
  const parts = equations(tex);
  const put = (/** @type {string[]} */ pieces, gap = BELOW) => {
    typeset(katex, pieces.join(gap), node, options);
    return widths(node);
  };
  let pieces = parts.map(whole);
  if (!room) put(parts, BESIDE); // nobody sees it yet
  else if (put(pieces, BESIDE)[0].reduce((sum, width) => sum + width) > room) {
    let lines = put(pieces);
    for (const broken of WAYS) {
      const wide = lines.map((line) => line.some((width) => width > room));
      if (!wide.includes(true)) return;
      pieces = pieces.map((piece, i) => (wide[i] ? broken(parts[i]) : piece));
      lines = put(pieces);
    }
  }
}
