// One figure style for the whole app, in the colours of the active theme.

const TOKEN = /var\(--ttn-([\w-]+)(?:\/([\d.]+))?\)/g;
const LINES = ["accent", "eps", "z", "mu", "sigma", "phi", "theta"];
const FONT = '"Source Sans", "Source Sans Pro", sans-serif';

// Colours by name, read from the style sheet's variables as they hold at `root`.
export class Palette {
  /** @type {Map<string, number[]>} */
  known = new Map();
  signature = "";

  /** @param {HTMLElement} root */
  constructor(root) {
    this.probe = document.createElement("span");
    this.probe.hidden = true;
    root.append(this.probe);
  }

  /** @param {string} name */
  channels(name) {
    const known = this.known.get(name);
    if (known) return known;
    this.probe.style.color = "";
    this.probe.style.color = `var(--ttn-${name})`;
    const found = getComputedStyle(this.probe).color.match(/[\d.]+/g) ?? [128, 128, 128];
    const channels = found.slice(0, 3).map(Number);
    this.known.set(name, channels);
    return channels;
  }

  /** @param {string} name */
  hex(name) {
    const digits = this.channels(name).map((c) => Math.round(c).toString(16).padStart(2, "0"));
    return `#${digits.join("")}`;
  }

  /** @param {string} text */
  resolve(text) {
    return text.replace(TOKEN, (_, name, alpha) =>
      alpha === undefined ? this.hex(name) : `rgba(${this.channels(name).join(",")},${alpha})`,
    );
  }

  /** Forget what was read; true if the theme has changed since. */
  refresh() {
    const before = this.signature;
    this.known.clear();
    this.signature = ["ink", "paper", "grid", "mu"].map((name) => this.hex(name)).join();
    return before !== this.signature;
  }
}

/** A part of a figure with the colours that its variables name.
 * @param {any} part
 * @param {Palette} palette
 * @returns {any} */
export function resolveAll(part, palette) {
  if (typeof part === "string") return part.includes("var(--ttn-") ? palette.resolve(part) : part;
  if (Array.isArray(part)) return part.map((item) => resolveAll(item, palette));
  if (part && typeof part === "object" && !ArrayBuffer.isView(part)) {
    /** @type {Record<string, any>} */
    const resolved = {};
    for (const [key, value] of Object.entries(part)) resolved[key] = resolveAll(value, palette);
    return resolved;
  }
  return part;
}

/** Whether a finger is the pointer. */
export const coarse = () => matchMedia("(pointer: coarse)").matches;

/** @param {Palette} palette
 * @param {number} size of letters, in pixels
 * @param {boolean} narrow */
export function houseTemplate(palette, size, narrow) {
  const ink = palette.hex("ink");
  const grid = palette.hex("grid");
  const axis = {
    automargin: true,
    gridcolor: grid,
    linecolor: grid,
    zerolinecolor: grid,
    zerolinewidth: 1,
    ticks: "",
    fixedrange: coarse(), // a finger's swipe is the page's, wherever it lands
    title: { standoff: 8, font: { size } },
    tickfont: { size: size - 1 },
  };
  const layout = {
    font: { family: FONT, size, color: ink },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: narrow ? 44 : 60, r: narrow ? 8 : 16, t: 28, b: 44 },
    xaxis: axis,
    yaxis: axis,
    legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom", font: { size: size - 1 } },
    hoverlabel: {
      bgcolor: palette.hex("paper"), bordercolor: palette.hex("muted"), align: "left",
      font: { size, family: FONT, color: ink },
    },
    modebar: {
      orientation: "v", bgcolor: "rgba(0,0,0,0)",
      color: palette.hex("muted"), activecolor: palette.hex("accent"),
    },
    bargap: 0.05,
    colorway: LINES.map((name) => palette.hex(name)),
  };
  return { layout };
}
