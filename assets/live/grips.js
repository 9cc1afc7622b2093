// Parts of the picture that can be dragged: invisible grips over the points of a trace.

import { make } from "../shared/dom.js";
import { nearest } from "./sliders.js";

const SIZE = 44;

function place(gd, trace) {
  const layout = gd._fullLayout;
  const xa = layout[`xaxis${(trace.xaxis ?? "x").slice(1)}`];
  const ya = layout[`yaxis${(trace.yaxis ?? "y").slice(1)}`];
  return { xa, ya };
}

// The box around the upper half of a hump.
function bodyBox(xa, ya, x, y) {
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
  constructor(root, owner) {
    this.root = root;
    this.owner = owner;
    this.list = [];
  }

  show(handles) {
    const wanted = JSON.stringify(handles);
    if (wanted === this.built) return;
    this.built = wanted;
    this.handles = handles;
    this.root.replaceChildren();
    this.list = [];
  }

  // Put every grip where its point now is.
  set(gd, arrays) {
    if (!this.handles?.length || !gd._fullLayout) return;
    let used = 0;
    for (const handle of this.handles) {
      const trace = gd._fullData?.find((each) => each.name === handle.trace);
      const at = arrays[handle.trace];
      if (!trace || !at || trace.visible !== true || this.owner.locked(handle.param)) continue;
      const { xa, ya } = place(gd, trace);
      const count = handle.body ? 1 : at.x.length;
      for (let i = 0; i < count; i += 1) {
        const grip = this.grip(used, handle, i, xa, ya);
        const half = SIZE / 2;
        const box = handle.body
          ? bodyBox(xa, ya, at.x, at.y)
          : { x: xa.c2p(at.x[i]) - half, y: ya.c2p(at.y[i]) - half, width: SIZE, height: SIZE };
        grip.style.width = `${box.width}px`;
        grip.style.height = `${box.height}px`;
        grip.style.transform = `translate(${box.x + xa._offset}px,${box.y + ya._offset}px)`;
        used += 1;
      }
    }
    while (this.list.length > used) this.list.pop().node.remove();
  }

  grip(number, handle, point, xa, ya) {
    this.list[number] ??= this.build(handle);
    Object.assign(this.list[number], { handle, point, xa, ya });
    return this.list[number].node;
  }

  build(handle) {
    const node = make("div", { class: handle.body ? "ttn-grip ttn-body" : "ttn-grip" });
    node.dataset.param = handle.param;
    const entry = { node };
    node.addEventListener("pointerdown", (event) => this.begin(entry, event));
    node.addEventListener("pointermove", (event) => this.move(entry, event));
    for (const end of ["pointerup", "pointercancel"]) {
      node.addEventListener(end, () => this.end(entry));
    }
    this.root.append(node);
    return entry;
  }

  begin(entry, event) {
    event.preventDefault();
    entry.node.setPointerCapture(event.pointerId);
    const { handle, point } = entry;
    const gain = Array.isArray(handle.gain) ? handle.gain[point] : handle.gain;
    const factor = typeof gain === "string" ? this.owner.names[gain] : gain;
    const along = handle.axis === "y" ? entry.ya : entry.xa;
    const start = handle.axis === "y" ? event.clientY : event.clientX;
    const value = this.owner.values[handle.param];
    entry.drag = { factor, along, start, value };
    if (handle.other) {
      entry.drag.other = { start: event.clientY, value: this.owner.values[handle.other] };
    }
    this.owner.hold(handle.param);
  }

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

  shift(key, wanted) {
    const { positions } = this.owner.param(key);
    this.owner.input(key, positions[nearest(positions, wanted)]);
  }

  end(entry) {
    if (!entry.drag) return;
    entry.drag = null;
    this.owner.release(entry.handle.param);
    this.owner.settle(0);
  }
}
