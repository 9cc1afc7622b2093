// One object of a class in each element that Streamlit hands to its components.
//
// Where a component's input or the theme changes while its script still loads, Streamlit shows it
// more than once in the same element, in any order, and then asks for the removal of all showings
// but the true one. The element itself stays, which tells such a recall from the page's own end.

const KEPT = 3; // showings that a recall can fall back to

export function mount(Kind) {
  const mounted = new WeakMap(); // element -> { object, showings }
  return (component) => {
    const { parentElement } = component;
    const place = mounted.get(parentElement) ?? { object: new Kind(parentElement), showings: [] };
    mounted.set(parentElement, place);
    place.showings = [...place.showings, component].slice(-KEPT);
    place.object.show(component);
    return () => {
      const latest = place.showings.at(-1);
      place.showings = place.showings.filter((showing) => showing !== component);
      if (parentElement.isConnected && place.showings.length) {
        if (latest === component) place.object.show(place.showings.at(-1));
        return;
      }
      mounted.delete(parentElement);
      place.object.remove();
    };
  };
}
