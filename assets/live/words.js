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
  return template.replace(BLANK, (whole, name, spec) =>
    name in names ? format(names[name], spec ?? formats[name]) : whole,
  );
}

const VALUE = /\\val\{(\w+)(?::([^{}]*))?\}/g;
const SYMBOL = /\\sym\{([\w-]+)\}/g;

// The TeX of a formula: \val{mu:.2f} becomes a number, \sym{mu} a colour for the group after it.
export function fillFormula(template, names, formats, colours, palette) {
  const number = (whole, name, spec) => {
    const text = format(names[name], spec ?? formats[name]).replace(MINUS, "-").replace("%", "\\%");
    const braced = text.startsWith("-") ? `(${text})` : text;
    const colour = colours[name];
    return colour ? `\\textcolor{${palette.hex(colour)}}{${braced}}` : `{${braced}}`;
  };
  return template
    .replace(VALUE, number)
    .replace(SYMBOL, (whole, name) => `\\textcolor{${palette.hex(name)}}`);
}
