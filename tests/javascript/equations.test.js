// Where a formula may be cut: outside of its groups alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { equations, sides, typesetWithin } from "../../assets/shared/equations.js";

test("equations stand a \\qquad apart, outside of groups and environments", () => {
  const tex = "z = \\frac{a}{b} \\qquad\\allowbreak {x = 1 \\qquad y} \\qquad \\left( a \\qquad b \\right)";
  assert.deepEqual(equations(tex),
    ["z = \\frac{a}{b}", "{x = 1 \\qquad y}", "\\left( a \\qquad b \\right)"]);
  assert.deepEqual(equations("\\begin{array}{l} a \\qquad b \\end{array}").length, 1);
});

test("a side begins with its relation, and the first takes the left side along", () => {
  assert.deepEqual(sides("z = a \\approx 2.10"), ["z = a", "\\approx 2.10"]);
  assert.deepEqual(sides("\\mu \\leftarrow \\mu - \\text{rate = 1}"), ["\\mu \\leftarrow \\mu - \\text{rate = 1}"]);
  assert.deepEqual(sides("\\left\\{ a = b \\right\\} \\geq 0 = c"), ["\\left\\{ a = b \\right\\} \\geq 0", "= c"]);
  assert.deepEqual(sides("\\{ x = 1"), ["\\{ x = 1"]);
});

/** What is set in turn, where each letter is 10 wide and groups cannot be broken. */
function settings(/** @type {string} */ tex, /** @type {number} */ room) {
  /** @type {string[]} */
  const set = [];
  /** @type {any} */
  const node = { clientWidth: room, querySelectorAll: (/** @type {string} */ what) => {
    if (!what.startsWith(".katex-html")) return [];
    const lines = set[set.length - 1].split("\\\\[0.5em]");
    return lines.flatMap((line, i) => [
      ...(i ? [{ classList: { contains: () => true } }] : []),
      ...line.split("\\allowbreak").map((piece) => ({
        classList: { contains: () => false },
        getBoundingClientRect: () => ({ width: piece.startsWith(" {") || piece.startsWith("{")
          ? 10 * piece.replace(/[^a-z0-9=+]/g, "").length : 10 }),
      })),
    ]);
  } };
  typesetWithin({ render: (/** @type {string} */ given) => set.push(given) }, tex, node, {});
  return set;
}

test("what fits stands beside each other", () => {
  assert.equal(settings("a=1 \\qquad b=2", 500).length, 1);
});

test("what does not stands one below the other, each whole", () => {
  const set = settings("a=1 \\qquad b=2", 60);
  assert.equal(set.at(-1), "{{}a=1}\\\\[0.5em] {{}b=2}");
});

test("what is too wide breaks before a relation, and the other stays whole", () => {
  const set = settings("aaa=bbb=ccc \\qquad b=2", 70);
  assert.equal(set.at(-1), "{{}aaa=bbb}\\allowbreak {{}=ccc}\\\\[0.5em] {{}b=2}");
});

test("a side that is still too wide breaks anywhere", () => {
  assert.equal(settings("aaaa+bbbb+cccc=d", 50).at(-1), "aaaa+bbbb+cccc=d");
});

test("what nobody sees is not measured", () => {
  assert.deepEqual(settings("a=1 \\qquad b=2", 0), ["a=1\\qquad\\allowbreak b=2"]);
});
