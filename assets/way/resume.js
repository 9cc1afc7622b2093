// On Start: where one left, how many pages were seen, and a way to forget both.

import { make } from "../shared/dom.js";
import { mount } from "../shared/mount.js";
import { mark } from "./marks.js";
import { forget, readVisits } from "./visits.js";

/** @import { Component } from "../types" */
/** @typedef {{ key: string, title: string, address: string }} Page */
/** @typedef {{ pages: Page[], note: string, forget: string }} Payload */

class Resume {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.root = make("p", { class: "ttn-resume" });
    parent.append(this.root);
  }

  /** @param {Component<Payload>} component */
  show({ data }) {
    const { seen, last } = readVisits();
    const others = data.pages.filter(({ key }) => key !== "start");
    const count = others.filter(({ key }) => seen.includes(key)).length;
    const page = others.find(({ key }) => key === last?.page);
    this.root.hidden = count === 0;
    const parts = [];
    if (page && last) {
      const href = `./${page.address}${last.query}`;
      parts.push("Go on where you left: ", make("a", { href }, page.title), ". ");
    }
    parts.push(`${count} of ${others.length} pages seen. `, data.note, " ",
      make("button", { type: "button", onclick: () => this.forget() }, data.forget));
    this.root.replaceChildren(...parts);
  }

  forget() {
    forget();
    mark();
    this.root.hidden = true;
  }

  remove() {
    this.root.remove();
  }
}

export const show = mount(Resume);
