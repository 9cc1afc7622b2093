// Formulas by the KaTeX that ships with Streamlit.
//
// Its script marks parts as "katex-sizing", its style sheet still speaks of "sizing"; each part
// gets both names, so that scripts and fractions have their sizes.

const OWN = new Set(["katex-display", "katex-error", "katex-html", "katex-mathml"]);

/**
 * @param {any} katex
 * @param {string} tex
 * @param {HTMLElement} node
 * @param {Record<string, any>} options of KaTeX
 */
export function typeset(katex, tex, node, options = {}) {
  katex.render(tex, node, { throwOnError: false, strict: false, ...options });
  for (const part of node.querySelectorAll('[class*="katex-"]')) {
    for (const name of Array.from(part.classList)) {
      if (name.startsWith("katex-") && !OWN.has(name)) part.classList.add(name.slice(6));
    }
  }
}
