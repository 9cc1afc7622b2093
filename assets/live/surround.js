// What stands around the figure: takeaway, formula, presets, table of numbers, code.

import { apology } from "../shared/apology.js";
import { make, setText } from "../shared/dom.js";
import { typesetWithin } from "../shared/equations.js";
import { typeset } from "../shared/tex.js";
import { fill, fillFormula, format, formulaNumbers, pickNames } from "../shared/words.js";
import { Picks } from "./picks.js";

/** @import { Cell, Names, Payload, Preset } from "../types" */
/** @import { Formats } from "../shared/words.js" */
/** @import { Palette } from "./style.js" */
/** @import { TransportBar } from "./transport.js" */

/**
 * @typedef {object} Owner
 * @property {any} katex
 * @property {Palette} palette
 * @property {(number: number) => void} choosePreset
 * @property {() => void} save
 * @property {HTMLElement} root
 * @property {TransportBar} transport
 */

const NO_FIGURE = "This figure could not be loaded, so here is what it says, in words and numbers.";

const trusted = (/** @type {{ command: string }} */ { command }) => command === "\\htmlClass";

/** Rows of cells, from titles with a text or a number each, or with a column each.
 * @param {Payload["table"]} table
 * @param {Names} names
 * @param {Formats} formats */
function tableRows(table, names, formats) {
  const read = (/** @type {Cell} */ cell) =>
    (typeof cell === "string" ? fill(cell, names, formats) : format(cell));
  const entries = Object.entries(table);
  const columns = entries.flatMap(([title, cells]) =>
    (Array.isArray(cells) ? [/** @type {[string, Cell[]]} */ ([title, cells])] : []));
  if (!columns.length) {
    return entries.map(([title, cell]) => [
      make("th", { scope: "row" }, title),
      make("td", {}, read(/** @type {Cell} */ (cell))),
    ]);
  }
  const length = Math.max(...columns.map(([, cells]) => cells.length));
  const head = columns.map(([title]) => make("th", { scope: "col" }, title));
  const body = Array.from({ length }, (_, i) =>
    columns.map(([, cells]) => {
      const cell = cells[i];
      const text = typeof cell === "number" ? format(cell, ".5g") : (cell ?? "not finite");
      return make("td", {}, i < cells.length ? text : "");
    }),
  );
  return [head, ...body];
}

export class Words {
  /** @type {Payload} */
  data = /** @type {any} */ (null);
  /** @type {Names} */
  names = {};
  /** How the parameters' values read, and their colours, by their keys.
   * @type {Formats} */
  formats = {};
  /** @type {Record<string, string | null>} */
  colours = {};
  /** The takeaway with its numbers. */
  sentence = "";
  /** The formula stands, and only its numbers change. */
  typeset = false;
  typesetFormula = "";
  /** Whether its symbols can be chosen. */
  pickable = false;
  /** Where those numbers stand.
   * @type {HTMLElement[]} */
  slots = [];
  builtPresets = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer;

  /** @param {Owner} owner */
  constructor(owner) {
    this.owner = owner;
    this.hint = make("p", { class: "ttn-hint" });
    this.gap = make("div", { class: "ttn-gap" });
    this.takeaway = make("p", { class: "ttn-takeaway" });
    this.spoken = make("p", { class: "ttn-sr", "aria-live": "polite" });
    this.formula = make("div", { class: "ttn-formula" });
    this.picks = new Picks(this.formula, (value) => owner.transport.goTo(value));
    this.notes = make("div", { class: "ttn-notes" });
    this.presets = make("div", { class: "ttn-presets" });
    this.table = make("table");
    const scroller = make("div", { class: "ttn-scroll", tabindex: 0, role: "region",
      "aria-label": "The numbers behind the figure" }, this.table);
    this.numbers = make("details", { ontoggle: () => this.showTable() },
      make("summary", {}, "Numbers"), scroller);
    this.codeText = make("code");
    const region = { tabindex: 0, role: "region", "aria-label": "Code" };
    const listing = make("pre", region, this.codeText);
    this.code = make("details", {}, make("summary", {}, "Code that ran"), listing);
    this.copied = make("span", { class: "ttn-copied", role: "status" });
    const copy = () => this.copyLink();
    this.link = make("button", { type: "button", onclick: copy }, "Copy link to this state");
    const save = { type: "button", class: "ttn-save", onclick: () => this.owner.save() };
    this.save = make("button", save, "Save the picture");
    this.copy = make("div", { class: "ttn-copy" },
      this.link, this.save, this.copied);
    const folded = make("div", { class: "ttn-folded" }, this.numbers, this.code);
    this.nodes = [this.gap, this.takeaway, this.formula, this.spoken, this.notes, this.presets,
      folded, this.copy];
  }

  /** @param {Payload} data */
  show(data) {
    this.data = data;
    this.formats = Object.fromEntries(data.params.map(({ key, format: spec }) => [key, spec]));
    this.colours = Object.fromEntries(data.params.map(({ key, colour }) => [key, colour]));
    this.formula.hidden = !data.formula;
    this.pickable = pickNames(data.formula).length > 0;
    // What is chosen in it is seen in the picture, so it stands above.
    const { root } = this.owner;
    if (this.pickable && root.firstChild !== this.formula) root.prepend(this.formula);
    this.numbers.hidden = !Object.keys(data.table).length;
    this.code.hidden = !data.code.length;
    this.link.hidden = !data.params.length;
    this.copy.hidden = data.present;
    this.typeset = this.typeset && data.formula === this.typesetFormula;
    this.say("");
    setText(this.codeText, data.code.join("\n\n\n"));
    this.notes.replaceChildren(...data.notes.map((note) => make("p", {}, note)));
    const wanted = JSON.stringify(data.presets);
    if (wanted !== this.builtPresets) this.presets.replaceChildren(...this.links(data.presets));
    this.builtPresets = wanted;
  }

  /** A link shares the controls, not the token of a run: whoever has that can stop the run.
   * Without the clipboard (an address without https), the link is shown to be copied by hand. */
  async copyLink() {
    const link = new URL(location.href);
    link.searchParams.delete("run");
    try {
      await navigator.clipboard.writeText(link.href);
      setText(this.copied, "Copied.");
    } catch {
      setText(this.copied, link.href);
    }
    setTimeout(() => setText(this.copied, ""), 8000);
  }

  /** Something in place of the hint; "" brings that back.
   * @param {string} words */
  say(words) {
    setText(this.hint, words || this.data.hint);
  }

  /** @param {Preset[]} presets */
  links(presets) {
    if (!presets.length) return [];
    const links = presets.map(({ label, query }, number) => {
      const address = `?${new URLSearchParams(query)}`;
      const click = (/** @type {MouseEvent} */ event) => {
        if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        this.owner.choosePreset(number);
      };
      return make("li", {}, make("a", { href: address, onclick: click }, label));
    });
    return [make("h3", {}, "What to try"), make("ul", {}, ...links)];
  }

  /** @param {Names} names */
  set(names) {
    this.names = names;
    this.sentence = fill(this.data.takeaway, names, this.formats);
    setText(this.takeaway, this.sentence);
    this.setFormula();
    if (this.numbers.open) this.showTable();
  }

  /** Typeset the formula anew only if it is another one; else exchange its numbers. */
  setFormula() {
    const { katex, palette } = this.owner;
    if (!this.data.formula || !katex) return;
    const numbers = formulaNumbers(this.data.formula, this.names, this.formats);
    if (!this.typeset) {
      const tex = fillFormula(this.data.formula, numbers, palette);
      const output = this.pickable ? "html" : "htmlAndMathml";
      const set = this.pickable ? typeset : typesetWithin;
      set(katex, tex, this.formula, { displayMode: true, trust: trusted, output });
      this.picks.take(this.data.formula, this.owner.transport.param?.label ?? "");
      this.slots = numbers.map((_, i) => /** @type {HTMLElement} */ (
        this.formula.querySelector(`.katex-html .ttn-val-${i + 1}`)));
      this.slots.forEach((slot, i) => {
        const colour = this.colours[numbers[i].name];
        if (colour) slot.style.color = `var(--ttn-${colour})`;
        slot.textContent = numbers[i].text;
      });
      this.typeset = true;
      this.typesetFormula = this.data.formula;
    }
    this.slots.forEach((slot, i) => setText(slot, numbers[i].text));
    if (this.pickable) this.picks.set(Number(this.names[this.owner.transport.param?.key ?? ""]));
  }

  /** At rest the formula is typeset anew, so that a screen reader finds it up to date. */
  restSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.rest(), 300);
  }

  /** Without its picture the figure says so, and its numbers at once; null: it is there again.
   * @param {(() => void) | null} again */
  standAlone(again) {
    const alone = this.gap.hasChildNodes();
    this.gap.replaceChildren(...(again ? [apology(NO_FIGURE, again)] : []));
    for (const node of [this.save, this.hint]) node.hidden = Boolean(again);
    if (alone !== Boolean(again)) this.numbers.open = !alone;
  }

  end() {
    clearTimeout(this.timer);
  }

  rest() {
    this.typeset = this.pickable; // no MathML, and a symbol may have the focus
    this.setFormula();
    setText(this.spoken, this.sentence);
  }

  showTable() {
    if (!this.numbers.open) return;
    const rows = tableRows(this.data.table, this.names, this.formats);
    this.table.replaceChildren(...rows.map((cells) => make("tr", {}, ...cells)));
  }
}
