// Small makers of DOM nodes.

export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined || value === null) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const ICONS = {
  play: "M7 4.5v15l12-7.5z",
  pause: "M6 5h4.2v14H6zM13.8 5H18v14h-4.2z",
  forward: "M6 5v14l9-7zM16 5h2.6v14H16z",
  back: "M18 5v14L9 12zM5.4 5H8v14H5.4z",
  reset: "M12 5V1.8L7.2 6.4 12 11V7.6a4.9 4.9 0 1 1-4.9 4.9H4.5A7.5 7.5 0 1 0 12 5z",
};

// The same for a node of a drawing.
export function makeSvg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== "") node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

export function icon(name) {
  const attributes = { viewBox: "0 0 24 24", "aria-hidden": "true" };
  return makeSvg("svg", attributes, makeSvg("path", { d: ICONS[name] }));
}
