// Numbers as words: Python's number formats, templates with {name:.2f}, and formulas in KaTeX.

const MINUS = "\u2212";

function grouped(digits) {
  const [whole, rest] = digits.split(".");
  const spaced = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return rest === undefined ? spaced : `${spaced}.${rest}`;
}

function exponent(text) {
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

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

// format(value, spec) with spec = [+][,][.precision][type], type one of f g e d %
export function format(value, spec = ".3g") {
  if (typeof value === "string") return value;
  if (value === null || value === undefined || !Number.isFinite(value)) return "not finite";
  const match = /^(\+?)(,?)(?:\.(\d+))?([fged%]?)$/.exec(spec);
  if (!match) return String(value);
  const [, plus, comma, digits, type] = match;
  const precision = digits === undefined ? 6 : Number(digits);
  const size = Math.abs(value);
  let text;
  if (type === "f") text = size.toFixed(precision);
  else if (type === "%") text = `${(size * 100).toFixed(precision)}%`;
  else if (type === "e") text = exponent(size.toExponential(precision));
  else if (type === "d") text = size.toFixed(0);
  else text = general(size, precision);
  if (comma) text = grouped(text);
  const negative = value < 0 && /[1-9]/.test(text);
  return (negative ? MINUS : plus) + text;
}

const BLANK = /\{(\w+)(?::([^{}]*))?\}/g;

export function fill(template, names, formats) {
  const filled = template.replace(BLANK, (whole, name, spec) =>
    name in names ? format(names[name], spec ?? formats[name]) : whole,
  );
  return readable(filled);
}

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

// Numbers in a sentence as people write them: 5e-07 as 5 × 10⁻⁷.
export function readable(text) {
  return text.replace(/(\d)e([+-])0*(\d+)/g, (whole, last, sign, power) => {
    const raised = Array.from(power, (digit) => RAISED[digit]).join("");
    return `${last} × 10${sign === "-" ? "⁻" : ""}${raised}`;
  });
}

const VALUE = /\\val\{(\w+)(?::([^{}]*))?\}/g;
const SYMBOL = /\\sym\{([\w-]+)\}/g;

// The numbers in a formula, in their order: {name, text}; a negative one stands in brackets, but
// not straight after an equals sign.
export function formulaNumbers(template, names, formats) {
  return Array.from(template.matchAll(VALUE), ({ 1: name, 2: spec, index }) => {
    const text = readable(format(names[name], spec ?? formats[name]));
    const bare = /=\s*$/.test(template.slice(0, index));
    return { name, text: text.startsWith(MINUS) && !bare ? `(${text})` : text };
  });
}

// The TeX of a formula: each \val{mu:.2f} becomes its number, in a span of class ttn-val, so that it
// can be exchanged without typesetting anew; \sym{mu} becomes a colour for the group after it.
export function fillFormula(template, numbers, palette) {
  let next = 0;
  const number = () => {
    const { text } = numbers[next];
    next += 1;
    return `{\\htmlClass{ttn-val}{${text.replaceAll(MINUS, "-").replace("%", "\\%")}}}`;
  };
  return template
    .replace(VALUE, number)
    .replace(SYMBOL, (whole, name) => `\\textcolor{${palette.hex(name)}}`);
}
