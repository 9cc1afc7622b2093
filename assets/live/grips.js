// Parts of the picture that can be dragged: invisible grips over the points of a trace.

import { make } from "../shared/dom.js";

/** @import { Arrays, Handle, Moved, PlotAxis, PlotElement } from "../types" */

/**
 * @typedef {object} Drag
 * @property {number} factor
 * @property {PlotAxis} along
 * @property {number} start
 * @property {number} value
 * @property {{ start: number, value: number }} [other]
 */
/**
 * @typedef {object} Grip
 * @property {HTMLElement} node
 * @property {Handle} handle
 * @property {number} point
 * @property {PlotAxis} xa
 * @property {PlotAxis} ya
 * @property {Drag | null} drag
 */
/** @typedef {Pick<Grip, "handle" | "point" | "xa" | "ya">} Place */

const SIZE = 44;

/** @param {PlotElement} gd
 * @param {any} trace
 * @returns {{ xa: PlotAxis, ya: PlotAxis }} */
function axesOf(gd, trace) {
  const layout = gd._fullLayout;
  const xa = layout[`xaxis${(trace.xaxis ?? "x").slice(1)}`];
  const ya = layout[`yaxis${(trace.yaxis ?? "y").slice(1)}`];
  return { xa, ya };
}

/** The box around the upper half of a hump.
 * @param {PlotAxis} xa
 * @param {PlotAxis} ya
 * @param {Arrays} arrays */
function bodyBox(xa, ya, { x, y }) {
  const top = Math.max(...y);
  let left = Infinity;
  let right = -Infinity;
  for (let i = 0; i < x.length; i += 1) {
    if (y[i] < top / 2) continue;
    left = Math.min(left, x[i]);
    right = Math.max(right, x[i]);
  }
  const [x0, x1, y0, y1] = [xa.c2p(left), xa.c2p(right), ya.c2p(top), ya.c2p(top * 0.2)];
  const inset = Math.min(SIZE / 2, (x1 - x0) / 4);
  return { x: x0 + inset, y: y0, width: x1 - x0 - 2 * inset, height: y1 - y0 };
}

export class Grips {
  /** @type {Handle[]} */
  handles = [];
  /** @type {Grip[]} */
  list = [];
  built = "";

  /** @param {HTMLElement} root
   * @param {Moved} owner */
  constructor(root, owner) {
    this.root = root;
    this.owner = owner;
  }

  /** @param {Handle[]} handles */
  show(handles) {
    const wanted = JSON.stringify(handles);
    if (wanted === this.built) return;
    this.built = wanted;
    this.handles = handles;
    this.root.replaceChildren();
    this.list = [];
  }

  /** Put every grip where its point now is.
   * @param {PlotElement} gd
   * @param {Record<string, Arrays>} arrays */
  set(gd, arrays) {
    if (!this.handles.length || !gd._fullLayout) return;
    const places = this.handles.flatMap((handle) => this.places(handle, gd, arrays[handle.trace]));
    places.forEach((place, i) => this.put(i, place, arrays[place.handle.trace]));
    for (const { node } of this.list.splice(places.length)) node.remove();
  }

  /** The points of a handle's trace that can be gripped.
   * @param {Handle} handle
   * @param {PlotElement} gd
   * @param {Arrays | undefined} arrays
   * @returns {Place[]} */
  places(handle, gd, arrays) {
    const trace = gd._fullData?.find((/** @type {any} */ each) => each.name === handle.trace);
    if (trace?.visible !== true || !arrays || this.owner.locked(handle.param)) return [];
    const axes = axesOf(gd, trace);
    const count = handle.body ? 1 : arrays.x.length;
    return Array.from({ length: count }, (_, point) => ({ handle, point, ...axes }));
  }

  /** @param {number} number
   * @param {Place} place
   * @param {Arrays} arrays */
  put(number, place, arrays) {
    const { handle, point, xa, ya } = place;
    this.list[number] ??= this.build(place);
    const { node } = Object.assign(this.list[number], place);
    const half = SIZE / 2;
    const [x, y] = [arrays.x[point], arrays.y[point]];
    const box = handle.body
      ? bodyBox(xa, ya, arrays)
      : { x: xa.c2p(x) - half, y: ya.c2p(y) - half, width: SIZE, height: SIZE };
    node.style.width = `${box.width}px`;
    node.style.height = `${box.height}px`;
    node.style.transform = `translate(${box.x + xa._offset}px,${box.y + ya._offset}px)`;
  }

  /** @param {Place} place
   * @returns {Grip} */
  build(place) {
    const { handle } = place;
    const node = make("div", { class: handle.body ? "ttn-grip ttn-body" : "ttn-grip" });
    // What moves sideways alone leaves the page its scroll.
    node.classList.toggle("ttn-sideways", !handle.other && handle.axis !== "y");
    node.dataset.param = handle.param;
    const entry = { node, drag: null, ...place };
    node.addEventListener("pointerdown", (event) => this.begin(entry, event));
    node.addEventListener("pointermove", (event) => this.move(entry, event));
    for (const end of ["pointerup", "pointercancel"]) {
      node.addEventListener(end, () => this.end(entry));
    }
    this.root.append(node);
    return entry;
  }

  /** @param {Grip} entry
   * @param {PointerEvent} event */
  begin(entry, event) {
    event.preventDefault();
    entry.node.setPointerCapture(event.pointerId);
    const { handle, point } = entry;
    const gain = Array.isArray(handle.gain) ? handle.gain[point] : handle.gain;
    const factor = Number(typeof gain === "string" ? this.owner.names[gain] : gain);
    const along = handle.axis === "y" ? entry.ya : entry.xa;
    const start = handle.axis === "y" ? event.clientY : event.clientX;
    const value = this.owner.values[handle.param];
    entry.drag = { factor, along, start, value };
    if (handle.other) {
      entry.drag.other = { start: event.clientY, value: this.owner.values[handle.other] };
    }
    this.owner.hold(handle.param);
  }

  /** @param {Grip} entry
   * @param {PointerEvent} event */
  move(entry, event) {
    if (!entry.drag) return;
    const { factor, along, start, value, other } = entry.drag;
    const now = entry.handle.axis === "y" ? event.clientY : event.clientX;
    const moved = along.p2c(now) - along.p2c(start);
    this.shift(entry.handle.param, value + moved * factor);
    if (!other) return;
    const up = entry.ya.p2c(event.clientY) - entry.ya.p2c(other.start);
    this.shift(entry.handle.other, other.value + up * factor);
  }

  /** @param {string} key
   * @param {number} wanted */
  shift(key, wanted) {
    const { positions } = this.owner.param(key);
    const within = Math.max(positions[0], Math.min(positions[positions.length - 1], wanted));
    this.owner.input(key, within);
  }

  /** @param {Grip} entry */
  end(entry) {
    if (!entry.drag) return;
    entry.drag = null;
    this.owner.release();
    this.owner.settle(0);
  }
}
