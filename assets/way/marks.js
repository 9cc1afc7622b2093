// A quiet mark on links to pages that were seen: rules of a style sheet, since the links are drawn
// anew by others.

import { make } from "../shared/dom.js";
import { readVisits } from "./visits.js";

const marks = make("style");

/** What follows the name of a seen page, in the menu and where Start lists all pages; a screen
 * reader says it in a word.
 * @param {string} address of the page, without a slash */
function rule(address) {
  const links = [
    `.st-key-where_to_go a[href="${address}"] p`,
    `.st-key-where_to_go a[href^="${address}?"] p`,
    `.st-key-ways a[href="./${address}"]`,
    `[data-testid=stTopNavDropdownLink][href$="/${address}"] p`,
    `[data-testid=stSidebarNavLink][href$="/${address}"] p`,
  ].map((selector) => `${selector}::after`);
  return `${links.join(",")} { color: var(--ttn-muted); font-weight: 400;`
    + ` content: " \\2713"; content: " \\2713" / ", seen"; }`;
}

/** Mark what the browser remembers now. */
export function mark() {
  const seen = readVisits().seen.filter((key) => /^\w+$/.test(key));
  marks.textContent = seen.map(rule).join("\n");
  if (!marks.isConnected) document.head.append(marks);
}
