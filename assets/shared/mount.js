// One object of a class in each element that Streamlit hands to its components.
//
// Where a component's input or the theme changes while its script still loads, Streamlit shows it
// more than once in the same element, in any order, and then asks for the removal of all showings
// but the true one. The element itself stays, which tells such a recall from the page's own end.

const KEPT = 3; // showings that a recall can fall back to

/** @import { Component } from "../types" */

/**
 * @typedef {object} Shown what a component shows in its element
 * @property {(component: Component<any>) => unknown} show
 * @property {() => void} remove
 */

/** @param {new (parent: HTMLElement) => Shown} Kind */
export function mount(Kind) {
  /** @type {WeakMap<HTMLElement, { object: Shown, showings: Component<any>[] }>} */
  const mounted = new WeakMap();
  return (/** @type {Component<any>} */ component) => {
    const { parentElement } = component;
    const place = mounted.get(parentElement) ?? { object: new Kind(parentElement), showings: [] };
    mounted.set(parentElement, place);
    place.showings = [...place.showings, component].slice(-KEPT);
    place.object.show(component);
    return () => {
      const wasLatest = place.showings.at(-1) === component;
      place.showings = place.showings.filter((showing) => showing !== component);
      const latest = place.showings.at(-1);
      if (parentElement.isConnected && latest) {
        if (wasLatest) place.object.show(latest);
        return;
      }
      mounted.delete(parentElement);
      place.object.remove();
    };
  };
}
