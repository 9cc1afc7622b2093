// A text with **bold**, *italics* and $formulas$ as nodes; it is never read as HTML.

import { make } from "./dom.js";
import { typeset } from "./tex.js";

const MARKED = /(\*\*[^*]+\*\*|\*[^*\s][^*]*\*|\$[^$]+\$)/;

/** @param {string} text
 * @param {any} katex KaTeX, or null where formulas stay as they are written */
export function rich(text, katex) {
  return text.split(MARKED).map((part) => {
    if (part.startsWith("**")) return make("strong", {}, part.slice(2, -2));
    if (/^\*[^*]+\*$/.test(part)) return make("em", {}, part.slice(1, -1));
    if (!katex || !/^\$[^$]+\$$/.test(part)) return document.createTextNode(part);
    const span = make("span");
    typeset(katex, part.slice(1, -1), span);
    return span;
  });
}
