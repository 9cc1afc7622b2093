// On every page: it is noted as seen, and in which state; links to seen pages get a mark.

import { mount } from "../shared/mount.js";
import { mark } from "./marks.js";
import { note } from "./visits.js";

/** @import { Component } from "../types" */
/** @typedef {{ page: string, address: string }} Payload */

const A_MOMENT = 700; // until the address tells what a hand has just done

/** The page that is shown.
 * @type {Payload | null} */
let here = null;

/** The address as it stands now, if the page is still the one that it was told to be. */
function look() {
  if (!here) return;
  const shown = location.pathname.split("/").at(-1);
  if (shown === here.address) note(here.page, location.search);
}

const soon = () => setTimeout(look, A_MOMENT);
document.addEventListener("click", look, true); // before a link leads away
for (const name of ["pointerup", "keyup"]) document.addEventListener(name, soon);
for (const name of ["pagehide", "visibilitychange"]) addEventListener(name, look, true);

class Visit {
  /** @param {Component<Payload>} component */
  show({ data }) {
    here = data;
    look();
    mark();
  }

  remove() {
    // The page that comes says where one is.
  }
}

export const show = mount(Visit);
