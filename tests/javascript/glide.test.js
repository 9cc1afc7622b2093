// Between two pictures, and between two positions: no page and no clock of the machine's own.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Glide, mix } from "../../assets/live/glide.js";
import { nearest, placeOf, valueAt } from "../../assets/live/positions.js";
import { State } from "../../assets/live/state.js";

const plain = (traces) => Object.fromEntries(Object.entries(traces).map(([name, arrays]) =>
  [name, Object.fromEntries(Object.entries(arrays).map(([attr, list]) =>
    [attr, ArrayBuffer.isView(list) ? Array.from(list) : list]))]));

test("a place and its value are each other's inverse", () => {
  const positions = [1, 2, 5, 20, 20.5];
  for (const place of [0, 0.25, 1, 1.5, 2.9, 4]) {
    assert.ok(Math.abs(placeOf(positions, valueAt(positions, place)) - place) < 1e-12);
  }
  assert.equal(valueAt(positions, 1.5), 3.5);
  assert.equal(valueAt(positions, 9), 20.5);
  assert.equal(placeOf(positions, -1), 0);
  assert.equal(positions[nearest(positions, 3.6)], 5);
});

test("numbers are mixed, words are those of the nearer end", () => {
  const from = { a: { x: [0, 4], text: ["0", "4"] }, b: { x: ["one"], y: [1] } };
  const to = { a: { x: [1, 8], text: ["1", "8"] }, b: { x: ["two"], y: [3] } };
  assert.deepEqual(plain(mix(from, to, 0.25)), {
    a: { x: [0.25, 5], text: ["0", "4"] }, b: { x: ["one"], y: [1.5] },
  });
  assert.deepEqual(mix(from, to, 0.75).a.text, ["1", "8"]);
  assert.equal(mix(from, to, 1), to);
});

test("a gap is nobody's middle", () => {
  const [from, to] = [{ a: { y: [NaN, 1, NaN] } }, { a: { y: [2, NaN, NaN] } }];
  assert.deepEqual(plain(mix(from, to, 0.25)).a.y, [NaN, 1, NaN]);
  assert.deepEqual(plain(mix(from, to, 0.75)).a.y, [2, NaN, NaN]);
});

test("points that come, and those that go, are told apart from those that stay", () => {
  const few = { a: { x: [0, 1], y: [0, 1] } };
  const more = { a: { x: [2, 3, 9], y: [0, 1, 9] } };
  const coming = { a: { x: [0.5, 1.5, 9], y: [0, 1, 9], rest: { from: 2, share: 0.25 } } };
  assert.deepEqual(plain(mix(few, more, 0.25)), coming);
  assert.deepEqual(plain(mix(more, few, 0.75)), coming);
});

test("a glide goes from what is painted to what is due, and ends there exactly", () => {
  let now = 0;
  const glide = new Glide(() => now);
  const [start, due] = [{ a: { y: [0] }, b: { y: [7] } }, { a: { y: [10] } }];
  assert.equal(glide.underWay, false);
  glide.begin(start);
  const seen = [];
  for (now of [0, 16, 32, 48, 64, 80]) seen.push(plain(glide.toward(due)));
  const heights = seen.map(({ a }) => a.y[0]);
  assert.deepEqual(heights, heights.toSorted((a, b) => a - b));
  assert.equal(new Set(heights).size, 6);
  assert.equal(heights[0], 0);
  assert.equal(heights[5], 10);
  assert.ok(seen.every((traces) => !("b" in traces)));
  assert.equal(glide.underWay, false);
});

test("a glide whose time ran out while a step was painted still owes the last one", () => {
  let now = 0;
  const glide = new Glide(() => now);
  glide.begin({ a: { y: [0] } });
  now = 79;
  assert.ok(glide.toward({ a: { y: [10] } }).a.y[0] < 10);
  now = 95;
  assert.equal(glide.underWay, true);
  assert.deepEqual(glide.toward({ a: { y: [10] } }), { a: { y: [10] } });
  assert.equal(glide.underWay, false);
});

test("another way begun on the way starts from what is painted, and forgets nothing", () => {
  let now = 0;
  const glide = new Glide(() => now);
  glide.begin({ a: { y: [0] }, b: { y: [0] } });
  now = 40;
  const half = glide.toward({ a: { y: [8] } });
  assert.deepEqual(plain(half).a.y, [6]);
  glide.begin({ a: half.a, b: { y: [0] } });
  assert.deepEqual(plain(glide.toward({ b: { y: [4] } })), { a: { y: [6] }, b: { y: [0] } });
  now = 200;
  assert.deepEqual(glide.toward({ b: { y: [4] } }), { a: { y: [8] }, b: { y: [4] } });
});

test("under a hand a value may lie between two positions; it lands on the nearer one", () => {
  const around = { params: () => [], playing: () => false, tell: () => {}, rested: () => {} };
  const state = new State(around, () => 0);
  state.answer({ mu: 1 }, []);
  assert.equal(state.input("mu", 1, 1.2), true);
  assert.equal(state.input("mu", 1, 1.2), false);
  assert.equal(state.input("mu", 2, 1.6), true);
  assert.deepEqual([state.values, state.fine], [{ mu: 2 }, { mu: 1.6 }]);
  assert.equal(state.land(), true);
  assert.deepEqual([state.values, state.fine], [{ mu: 2 }, {}]);
  assert.equal(state.land(), false);
});
