// Numbers as words: Python's number formats, templates with {name:.2f}, and formulas in KaTeX.

/** @import { Names } from "../types" */
/** @typedef {Record<string, string | undefined>} Formats */

const MINUS = "\u2212";

/** @param {string} digits */
function grouped(digits) {
  const [whole, rest] = digits.split(".");
  const spaced = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return rest === undefined ? spaced : `${spaced}.${rest}`;
}

/** @param {string} text */
function exponent(text) {
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

/** @param {number} value
 * @param {number} precision */
function general(value, precision) {
  const digits = precision === 0 ? 1 : precision;
  if (value === 0) return "0";
  const power = Number(value.toExponential(digits - 1).split("e")[1]);
  if (power < -4 || power >= digits) {
    return exponent(value.toExponential(digits - 1).replace(/\.?0+e/, "e"));
  }
  const text = value.toFixed(Math.max(0, digits - 1 - power));
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** @type {Record<string, (size: number, precision: number) => string>} */
const WRITERS = {
  f: (size, precision) => size.toFixed(precision),
  "%": (size, precision) => `${(size * 100).toFixed(precision)}%`,
  e: (size, precision) => exponent(size.toExponential(precision)),
  d: (size) => size.toFixed(0),
  g: general,
};

/** A number as Python's `format` writes it; what is no number as it is.
 * @param {number | string | null | undefined} value
 * @param {string} spec [+][,][.precision][type], type one of f g e d % */
export function format(value, spec = ".3g") {
  if (typeof value === "string") return value;
  if (value === null || value === undefined || !Number.isFinite(value)) return "not finite";
  const match = /^(\+?)(,?)(?:\.(\d+))?([fged%]?)$/.exec(spec);
  if (!match) return String(value);
  const [, plus, comma, digits, type] = match;
  const precision = digits === undefined ? 6 : Number(digits);
  const plain = WRITERS[type || "g"](Math.abs(value), precision);
  const text = comma ? grouped(plain) : plain;
  const negative = value < 0 && /[1-9]/.test(text);
  return (negative ? MINUS : plus) + text;
}

const BLANK = /\{(\w+)(?::([^{}]*))?\}/g;

/** @param {string} template with {name} or {name:.2f} in it
 * @param {Names} names
 * @param {Formats} formats */
export function fill(template, names, formats) {
  const filled = template.replace(BLANK, (whole, name, spec) =>
    name in names ? format(names[name], spec ?? formats[name]) : whole,
  );
  return readable(filled);
}

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Numbers in a sentence as people write them: 5e-07 as 5 × 10⁻⁷.
 * @param {string} text */
export function readable(text) {
  return text.replace(/(\d)e([+-])0*(\d+)/g, (_, last, sign, /** @type {string} */ power) => {
    const raised = Array.from(power, (digit) => RAISED[Number(digit)]).join("");
    return `${last} × 10${sign === "-" ? "⁻" : ""}${raised}`;
  });
}

const VALUE = /\\val\{(\w+)(?::([^{}]*))?\}/g;
const SYMBOL = /\\sym\{([\w-]+)\}/g;
const PICK = /\\pick\{(\d+)\}\{([^{}]*)\}/g;
const PART = /\\part\{(\d+)\}/g;

/** The numbers in a formula, in their order; a negative one stands in brackets, but not straight
 * after an equals sign.
 * @param {string} template
 * @param {Names} names
 * @param {Formats} formats */
export function formulaNumbers(template, names, formats) {
  return Array.from(template.matchAll(VALUE), ({ 1: name, 2: spec, index }) => {
    const text = readable(format(names[name], spec ?? formats[name]));
    const bare = /=\s*$/.test(template.slice(0, index));
    return { name, text: text.startsWith(MINUS) && !bare ? `(${text})` : text };
  });
}

/** The TeX of a formula: each \val{mu:.2f} becomes its number, in a span of class ttn-val, so that
 * it can be exchanged without typesetting anew; ttn-val-2 is the second, which need not come second
 * on the page: KaTeX sets what is below a fraction bar first. \sym{mu} becomes a colour for the
 * group after it. The group after \pick{3}{its name} can be chosen, and lights up with the one
 * after \part{3}; it is of class ttn-pick-1 if it is the first of them.
 * @param {string} template
 * @param {{ text: string }[]} numbers
 * @param {{ hex: (name: string) => string }} palette */
export function fillFormula(template, numbers, palette) {
  let [value, choice] = [0, 0];
  const number = () => {
    const written = numbers[value].text.replaceAll(MINUS, "-").replace("%", "\\%");
    value += 1;
    return `{\\htmlClass{ttn-val ttn-val-${value}}{${written}}}`;
  };
  const pick = (/** @type {string} */ _, /** @type {string} */ place) => {
    choice += 1;
    return `\\htmlClass{ttn-pick ttn-pick-${choice} ttn-at-${place}}`;
  };
  return template
    .replace(VALUE, number)
    .replace(PICK, pick)
    .replace(PART, "\\htmlClass{ttn-at-$1}")
    .replace(SYMBOL, (_, name) => `\\textcolor{${palette.hex(name)}}`);
}

/** What the symbols of a formula that can be chosen are called, in their order.
 * @param {string} template */
export const pickNames = (template) => Array.from(template.matchAll(PICK), ([, , name]) => name);
