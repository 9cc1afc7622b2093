// What a figure does with the room it has: panels that stack, letters that grow.

// Where a figure's panels stand when it is narrow: {"xaxis2.domain": [0, 1], ...}.
export function rearrange(layout, places) {
  for (const [path, value] of Object.entries(places ?? {})) {
    const [axis, field] = path.split(".");
    if (field) layout[axis] = { ...layout[axis], [field]: value };
  }
}

const times = (value, scale) => (Array.isArray(value) ? value.map((each) => each * scale) : value * scale);

// Letters, markers and lines: every `size` and `width` in a part of a figure.
function scaled(part, scale) {
  if (Array.isArray(part)) return part.map((each) => scaled(each, scale));
  if (!part || typeof part !== "object" || ArrayBuffer.isView(part)) return part;
  const grown = {};
  for (const [key, value] of Object.entries(part)) {
    grown[key] = key === "size" || key === "width" ? times(value, scale) : scaled(value, scale);
  }
  return grown;
}

// Larger words for the projector view, where a figure states their size itself.
export function enlarge(layout, traces, scale) {
  const grow = (part, font) => (part[font] ? { ...part, [font]: scaled(part[font], scale) } : part);
  layout.annotations = (layout.annotations ?? []).map((each) => grow(each, "font"));
  traces.forEach((trace, i) => { traces[i] = grow(trace, "textfont"); });
}

// A PNG of what the plot shows, twice as sharp and on paper of this colour.
export function savePicture(plotly, plot, paper, filename) {
  const { data, clientWidth: width, clientHeight: height } = plot;
  const layout = { ...plot.layout, paper_bgcolor: paper };
  return plotly.downloadImage({ data, layout }, { format: "png", scale: 2, width, height, filename });
}
