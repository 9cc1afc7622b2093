// What the browser remembers: answers of the quiz and pages seen, whatever else stands in its store.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { keep, latest, sheetOf } from "../../assets/question/answers.js";
import { forget, note, readVisits } from "../../assets/way/visits.js";

/** @type {Map<string, string>} */
const store = new Map();
let refuses = false;
const localStorage = {
  getItem(/** @type {string} */ name) {
    if (refuses) throw new Error("no storage here");
    return store.get(name) ?? null;
  },
  setItem(/** @type {string} */ name, /** @type {string} */ value) {
    if (refuses) throw new Error("no storage here");
    store.set(name, value);
  },
};
Object.defineProperty(globalThis, "localStorage", { value: localStorage, configurable: true });

beforeEach(() => {
  refuses = false;
  store.clear();
});

const answered = (/** @type {string} */ choice) =>
  ({ at: "a", first: { a: { choice, right: true } } });

test("each seed keeps its own answers, and the last one touched is known", () => {
  keep("7", answered("x"));
  keep("3", answered("y"));
  assert.equal(sheetOf("7").first.a.choice, "x");
  assert.equal(sheetOf("3").at, "a");
  assert.deepEqual(latest(), { seed: "3", answered: 1 });
  keep("7", answered("x"));
  assert.equal(latest()?.seed, "7");
  assert.deepEqual(sheetOf("8"), { at: "", first: {} });
});

test("the quiz that was touched longest ago makes room", () => {
  for (let seed = 100; seed > 70; seed -= 1) keep(String(seed), answered("x"));
  const kept = Object.keys(JSON.parse(store.get("ttn-quiz") ?? "{}"));
  assert.equal(kept.length, 20);
  assert.ok(kept.includes("71") && !kept.includes("100"));
});

test("what is no answer and no visit is passed over", () => {
  for (const text of ["no json", "[]", "3", "null", '{"7": 1}', '{"7": {"first": {"a": 3}}}']) {
    store.set("ttn-quiz", text);
    store.set("ttn-way", text);
    assert.deepEqual(sheetOf("7"), { at: "", first: {} }, text);
    assert.deepEqual(readVisits(), { seen: [], last: null }, text);
    keep("7", answered("x"));
    assert.equal(sheetOf("7").first.a.choice, "x");
  }
});

test("a browser that stores nothing remembers for this visit", () => {
  refuses = true;
  keep("7", answered("x"));
  assert.equal(sheetOf("7").first.a.choice, "x");
  note("race", "?rate=0.5");
  assert.deepEqual(readVisits(), { seen: ["race"], last: { page: "race", query: "?rate=0.5" } });
});

test("pages are seen once, Start is no place to go on from, nor is the large type", () => {
  forget();
  note("race", "?rate=0.5&present=1");
  note("lotus", "");
  note("race", "?present=1");
  note("start", "?mu=1");
  assert.deepEqual(readVisits(), { seen: ["race", "lotus"], last: { page: "race", query: "" } });
  forget();
  assert.deepEqual(readVisits(), { seen: [], last: null });
});
