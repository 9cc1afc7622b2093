// What every figure needs beside its own modules, fetched at once.

import { loadModule, loadScript, loadStyle } from "../shared/load.js";

/** @import { Payload } from "../types" */
/** @import { Frames } from "./frames.js" */

/** Rejects where one of them does not come.
 * @param {Payload} data
 * @param {Frames} frames */
export async function loadParts(data, frames) {
  const { urls } = data;
  const script = urls["plotly.min.js"]; // a diagram does without
  const [katex] = await Promise.all([
    loadModule(urls["katex.js"]), script && loadScript(script),
    loadStyle(urls["live/figure.css"]), frames.load(data),
  ]);
  return { katex: katex.default, plotly: /** @type {any} */ (window).Plotly };
}
