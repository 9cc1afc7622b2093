// What Streamlit runs for each of our components: it fetches the component's module and hands over.
// This text comes with the component itself, so it can speak where nothing else could be fetched.

/** @import { Component } from "../types" */

const SENTENCE = "This part of the page could not be loaded.";

/** A number as a template asks for it, roughly as the figure itself would write it.
 * @param {unknown} value
 * @param {string} spec */
function said(value, spec = "") {
  if (typeof value !== "number") return String(value ?? "");
  const digits = /\.(\d+)f$/.exec(spec)?.[1];
  return digits ? value.toFixed(Number(digits)) : String(Number(value.toPrecision(4)));
}

/** @param {string} template
 * @param {Record<string, unknown>} names */
const fill = (template, names) => template.replace(/\{(\w+)(?::([^{}]*))?\}/g,
  (whole, name, spec) => (name in names ? said(names[name], spec) : whole));

/** What there is to say without the module, and another try.
 * @param {any} data
 * @param {() => void} again */
function apology(data, again) {
  const { takeaway = "", question = "", names = {}, table = {} } = data;
  const numbers = Object.entries(table).map(([title, cells]) =>
    `${title}: ${[cells].flat().map((cell) => fill(said(cell), names)).join(", ")}`);
  const place = document.createElement("div");
  const paragraphs = [SENTENCE, question, fill(takeaway, names), numbers.join("\n")];
  for (const words of paragraphs.filter(Boolean)) {
    place.appendChild(document.createElement("p")).textContent = words;
  }
  const button = place.appendChild(document.createElement("button"));
  button.textContent = "Try again";
  button.addEventListener("click", again);
  place.className = "ttn-apology";
  place.setAttribute("role", "alert");
  return place;
}

/** What Python says; most of a figure's comes as one text.
 * @param {any} data */
const whole = ({ told, ...rest }) => (told ? { ...JSON.parse(told), ...rest } : rest);

let failures = 0;

/** @param {Component<any>} component
 * @returns {Promise<(() => void) | undefined>} */
export default async function start(component) {
  const { parentElement } = component;
  const data = whole(component.data);
  parentElement.querySelector(":scope > .ttn-apology")?.remove();
  try {
    const url = new URL(data.script, document.baseURI);
    if (failures) url.hash = String(failures); // a browser may remember that an address failed
    return (await import(url.href)).show({ ...component, data });
  } catch {
    failures += 1;
    let end = () => place.remove();
    const place = apology(data, async () => {
      end = (await start(component)) ?? end;
    });
    parentElement.append(place);
    return () => end();
  }
}
