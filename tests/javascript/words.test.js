// Formulas: each number and each symbol that can be chosen bears its place in the template.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fillFormula, formulaNumbers, pickNames } from "../../assets/shared/words.js";

const PALETTE = { hex: (/** @type {string} */ name) => `#${name}` };

test("numbers keep their places where a fraction is set bottom first", () => {
  const template = "\\frac{\\val{top:.1f}}{\\val{bottom:.1f}} = \\val{share:.0%}";
  const numbers = formulaNumbers(template, { top: 1, bottom: -2, share: 0.5 }, {});
  assert.deepEqual(numbers.map(({ name }) => name), ["top", "bottom", "share"]);
  const tex = fillFormula(template, numbers, PALETTE);
  assert.match(tex, /ttn-val-1\}\{1\.0\}/);
  assert.match(tex, /ttn-val-2\}\{\(-2\.0\)\}/);
  assert.match(tex, /ttn-val-3\}\{50\\%\}/);
});

test("what can be chosen bears its place and its value", () => {
  const template = "\\part{3}{\\pick{3}{q, a density}{q}_{\\pick{4}{phi}{\\sym{phi}{\\phi}}}}";
  assert.deepEqual(pickNames(template), ["q, a density", "phi"]);
  const tex = fillFormula(template, [], PALETTE);
  assert.match(tex, /^\\htmlClass\{ttn-at-3\}/);
  assert.match(tex, /ttn-pick ttn-pick-1 ttn-at-3\}\{q\}/);
  assert.match(tex, /ttn-pick ttn-pick-2 ttn-at-4\}\{\\textcolor\{#phi\}/);
});
