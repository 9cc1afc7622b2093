// The page's address, in which the state of every figure stands.

/** @import { Param, Values } from "../types" */

const OF_THE_PAGE = ["hide", "present"]; // a preset leaves these as they are

/** The text of a value, as Python writes it.
 * @param {number} value */
const asText = (value) => String(Number(Number(value).toPrecision(10)));

/** Put a figure's values into the address, without a new entry in the history.
 * @param {Param[]} params
 * @param {Values} values */
export function writeValues(params, values) {
  const url = new URL(location.href);
  for (const { key, default: start } of params) {
    if (values[key] === start) url.searchParams.delete(key);
    else url.searchParams.set(key, asText(values[key]));
  }
  history.replaceState(history.state, "", url);
}

/** Go to a preset's address: the way back leads to what stood before.
 * @param {Record<string, string>} query */
export function goTo(query) {
  const url = new URL(location.href);
  const kept = OF_THE_PAGE.flatMap((name) => {
    const value = url.searchParams.get(name);
    return value === null ? [] : [[name, value]];
  });
  url.search = String(new URLSearchParams({ ...Object.fromEntries(kept), ...query }));
  history.pushState(history.state, "", url);
}
