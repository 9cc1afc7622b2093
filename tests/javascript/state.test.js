// The conversation between a hand and Python, in all its turns: no page, no plotly, no clock of the
// machine's own.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { State } from "../../assets/live/state.js";

const PARAMS = [{ key: "mu", default: 0 }, { key: "n", default: 5 }];

let now;
let playing;
let said;
let state;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  now = 1e6;
  playing = false;
  said = [];
  const around = {
    params: () => PARAMS,
    playing: () => playing,
    tell: (values, atDefault) => said.push({ ...values, atDefault }),
    rested: () => said.push("rested"),
  };
  state = new State(around, () => now);
  assert.equal(state.answer({ mu: 0, n: 5 }, PARAMS), "news");
});

/** Time goes by, for the timers and for the clock. */
function wait(ms) {
  now += ms;
  mock.timers.tick(ms);
}

function drag(values) {
  state.hold("mu");
  for (const value of values) state.input("mu", value);
  state.release();
}

test("Python's first values are taken and known", () => {
  assert.deepEqual(state.values, { mu: 0, n: 5 });
  assert.equal(state.known, state.text);
  assert.equal(state.busy, false);
});

test("a value that stands already is no move", () => {
  assert.equal(state.input("mu", 0), false);
  assert.equal(state.input("mu", 1), true);
  assert.deepEqual(state.values, { mu: 1, n: 5 });
});

test("a drag tells once, and not before it rests", () => {
  drag([1, 2, 3]);
  state.settle(250);
  wait(249);
  assert.deepEqual(said, []);
  wait(1);
  assert.deepEqual(said, [{ mu: 3, n: 5, atDefault: ["n"] }]);
});

test("moving on puts the rest off", () => {
  state.input("mu", 1);
  state.settle(250);
  wait(200);
  state.input("mu", 2);
  state.settle(250);
  wait(200);
  assert.deepEqual(said, []);
  wait(50);
  assert.deepEqual(said, [{ mu: 2, n: 5, atDefault: ["n"] }]);
});

test("the same values are told once, though it rests twice before the answer", () => {
  state.input("mu", 1);
  state.settle(0);
  wait(0);
  state.settle(0);
  wait(0);
  assert.deepEqual(said, [{ mu: 1, n: 5, atDefault: ["n"] }, "rested"]);
});

test("back where Python knows it, nothing is told", () => {
  drag([1, 0]);
  state.settle(0);
  wait(0);
  assert.deepEqual(said, ["rested"]);
});

test("the answer to what was told is the awaited one", () => {
  state.input("mu", 1);
  state.settle(0);
  wait(0);
  assert.notEqual(state.awaited, null);
  assert.equal(state.answer({ mu: 1, n: 5 }, PARAMS), "awaited");
  assert.equal(state.awaited, null);
});

test("an answer to other values than those told last is outdated", () => {
  state.input("mu", 1);
  state.settle(0);
  wait(0);
  state.input("mu", 2);
  state.settle(0);
  wait(0);
  assert.equal(state.answer({ mu: 1, n: 5 }, PARAMS), "outdated");
  assert.deepEqual(state.values, { mu: 2, n: 5 });
  assert.equal(state.answer({ mu: 2, n: 5 }, PARAMS), "awaited");
});

test("after five seconds any answer is better than none", () => {
  state.input("mu", 1);
  state.settle(0);
  wait(0);
  wait(5000);
  assert.equal(state.answer({ mu: 7, n: 5 }, PARAMS), "outdated");
  wait(1);
  assert.equal(state.answer({ mu: 7, n: 5 }, PARAMS), "news");
  assert.deepEqual(state.values, { mu: 7, n: 5 });
});

test("a default that has moved on meanwhile is still the answer", () => {
  state.input("mu", 1);
  state.settle(0);
  wait(0);
  const later = [PARAMS[0], { key: "n", default: 6 }];
  assert.equal(state.answer({ mu: 1, n: 6 }, later), "awaited");
  assert.deepEqual(state.values, { mu: 1, n: 6 });
});

for (const [name, start] of [
  ["under a hand", () => state.hold("mu")],
  ["on its way to rest", () => state.settle(100)],
  ["while it plays", () => { playing = true; }],
]) {
  test(`${name}, an answer to other values does not tear the picture away`, () => {
    start();
    state.input("mu", 1);
    assert.equal(state.busy, true);
    assert.equal(state.answer({ mu: 0, n: 5 }, PARAMS), "outdated");
    assert.deepEqual(state.values, { mu: 1, n: 5 });
    assert.equal(state.answer({ mu: 1, n: 5 }, PARAMS), "news");
  });
}

test("what came under the hand and was not shown is asked for after it", () => {
  state.hold("mu");
  state.input("mu", 1);
  assert.equal(state.answer({ mu: 0, n: 9 }, PARAMS), "outdated");
  state.input("mu", 0);
  state.release();
  assert.deepEqual(said, []);
  wait(250);
  assert.deepEqual(said, [{ mu: 0, n: 5, atDefault: ["mu", "n"] }]);
  assert.equal(state.answer({ mu: 0, n: 5 }, PARAMS), "awaited");
  state.release();
  wait(1000);
  assert.equal(said.length, 1);
});

test("a release with nothing missed asks nothing", () => {
  drag([1]);
  wait(10_000);
  assert.deepEqual(said, []);
});

test("a link's values are awaited at once, and it tells Python by itself", () => {
  state.jump({ mu: 2, n: 7 });
  assert.deepEqual(state.values, { mu: 2, n: 7 });
  assert.equal(state.answer({ mu: 0, n: 5 }, PARAMS), "outdated");
  assert.equal(state.answer({ mu: 2, n: 7 }, PARAMS), "awaited");
  assert.deepEqual(said, []);
});

test("after its end it tells nothing more", () => {
  state.input("mu", 1);
  state.settle(100);
  state.end();
  wait(1000);
  assert.deepEqual(said, []);
});
