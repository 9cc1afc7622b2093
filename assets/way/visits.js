// Which pages were seen, and where the last visit was: kept in the browser under one name.

import { keptUnder } from "../shared/kept.js";

/** @typedef {{ page: string, query: string }} Place a page by its key, and its state */
/** @typedef {{ seen: string[], last: Place | null }} Visits */

const LONGEST = 4000; // of a state's address
const store = keptUnder("ttn-way");

/** Whatever else stands in the store is no visit.
 * @returns {Visits} */
export function readVisits() {
  const { seen, last } = store.read();
  const there = typeof last?.page === "string" && typeof last.query === "string";
  return {
    seen: Array.isArray(seen) ? seen.filter((key) => typeof key === "string") : [],
    last: there ? { page: last.page, query: last.query } : null,
  };
}

/** A page is seen, and its state is where one would go on. Start is no place to go on from.
 * @param {string} page
 * @param {string} search of the address */
export function note(page, search) {
  if (page === "start") return;
  const { seen } = readVisits();
  const query = new URLSearchParams(search.slice(0, LONGEST));
  query.delete("present"); // who goes on at home needs no projector
  const text = query.toString();
  store.write({
    seen: seen.includes(page) ? seen : [...seen, page],
    last: { page, query: text ? `?${text}` : "" },
  });
}

export function forget() {
  store.write({ seen: [], last: null });
}
