// Packed arrays back to arrays: looked-ahead frames (float32, pictures as bytes) and a formula's constants (float64).

export function bytesOf(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
  return bytes.buffer;
}

export function unpackConstants(packed) {
  const constants = {};
  for (const [name, value] of Object.entries(packed)) {
    constants[name] = value && value.f8 !== undefined ? new Float64Array(bytesOf(value.f8)) : value;
  }
  return constants;
}

// One axis of a look-ahead: what a slider would show while everything else stays as it was.
// frameAt(i) gives what changes at position i: {traces, numbers}.
export class Axis {
  constructor({ axis, context, from, ahead: packed }) {
    this.name = axis;
    this.context = context;
    this.from = Object.entries(from);
    this.fields = packed.fields;
    this.numbers = packed.numbers;
    this.data = new Float32Array(bytesOf(packed.data));
    this.greys = new Uint8Array(bytesOf(packed.greys));
  }

  // It counts where the other parameters stand where they stood when it was computed.
  serves(context, values) {
    return context === this.context && this.from.every(([name, value]) => values[name] === value);
  }

  frameAt(index) {
    const traces = {};
    for (const field of this.fields) {
      const arrays = (traces[field.trace] ??= {});
      const [from, to] = field.words ? [] : [field.at[index], field.at[index] + field.size[index]];
      if (field.words) arrays[field.attr] = field.words[index];
      else if (field.attr !== "z") arrays[field.attr] = this.data.subarray(from, to);
      else arrays.z = Float32Array.from(this.greys.subarray(from, to), (grey) => grey / 255);
    }
    const numbers = {};
    for (const [name, values] of Object.entries(this.numbers)) numbers[name] = values[index];
    return { traces, numbers };
  }
}
