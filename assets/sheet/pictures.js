// The pictures beside the sheet: ink of the page's own colour, and mu and sigma as bars.

import { make, makeSvg } from "../shared/dom.js";
import { format } from "../shared/words.js";
import { SIDE } from "./mnist.js";

/** @import { Answer } from "./answer.js" */

const SPAN = 4; // the axis of mu ends at plus and minus this

/** A picture (784,) as ink of the page's own colour.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} picture */
export function ink(canvas, picture) {
  const [red, green, blue] = (getComputedStyle(canvas).color.match(/[\d.]+/g) ?? []).map(Number);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(SIDE, SIDE);
  for (let i = 0; i < picture.length; i += 1) {
    image.data.set([red, green, blue, Math.round(255 * picture[i])], 4 * i);
  }
  context.putImageData(image, 0, 0);
}

/** A canvas for one picture. */
export const small = (/** @type {string} */ label) =>
  make("canvas", { width: SIDE, height: SIDE, role: "img", "aria-label": label });

/** Height of a value of mu in the picture of its axis.
 * @param {number} value */
const up = (value) => 75 - (70 * Math.max(-SPAN, Math.min(SPAN, value))) / SPAN;

/** mu and sigma of each dimension as bars over the prior's band, and as words.
 * @param {SVGElement} svg
 * @param {Answer} found */
export function paintBars(svg, { mu, sigma }) {
  const across = (/** @type {number} */ d) => 8 + (d + 0.5) * (304 / mu.length);
  /** @type {SVGElement[]} */
  const parts = [
    makeSvg("rect", { class: "ttn-prior", x: 8, width: 304, y: up(1), height: up(-1) - up(1) })];
  parts.push(makeSvg("line", { class: "ttn-zero", x1: 8, x2: 312, y1: up(0), y2: up(0) }));
  mu.forEach((each, d) => {
    const x = across(d);
    const [y1, y2] = [up(each - sigma[d]), up(each + sigma[d])];
    parts.push(makeSvg("line", { class: "ttn-sigma", x1: x, x2: x, y1, y2 }));
    parts.push(makeSvg("circle", { class: "ttn-mu", cx: x, cy: up(each), r: 3.4 }));
  });
  svg.replaceChildren(...parts);
  const numbers = Array.from(mu, (each, d) =>
    `${format(each, ".2f")} ± ${format(sigma[d], ".2f")}`);
  svg.setAttribute("aria-label", `μ ± σ: ${numbers.join(", ")}`);
}
