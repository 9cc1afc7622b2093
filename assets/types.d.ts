// The shapes that Python and the browser, and the browser's modules among each other, agree on.

/** Values of a figure's parameters by their keys. */
export type Values = Record<string, number>;

/** Numbers and words by their names, as a takeaway or a formula asks for them. */
export type Names = Record<string, number | string | null>;

export type Numeric = ArrayLike<number> & Iterable<number>;

/** What is drawn of a trace. */
export interface Arrays {
  x?: any;
  y?: any;
  z?: any;
  text?: any;
  /** Of points that are only coming or going: from which on, and how much of them there is. */
  rest?: { from: number; share: number };
}

/** The picture at some values: what changes in its traces, and its numbers. */
export interface Frame {
  traces: Record<string, Arrays>;
  numbers: Names;
}

/** `Param` of pages/ui/live/parts.py, and where it stands. */
export interface Param {
  key: string;
  label: string;
  colour: string | null;
  format: string;
  help: string;
  kind: "slider" | "seed" | "handle";
  positions: number[];
  maximum: number;
  default: number;
  names?: string[];
  value: number;
  hidden: boolean;
}

export interface Transport {
  param: string;
  seconds: number;
  buttons: [label: string, amount: number][];
  fetched: string;
  hidden: boolean;
}

export interface Handle {
  trace: string;
  param: string;
  gain: number | string | (number | string)[];
  body: boolean;
  axis: "x" | "y";
  other: string;
}

export interface Preset {
  label: string;
  query: Record<string, string>;
  values: Values;
}

export type Cell = string | number | null;

/** What Python says of a figure. */
export interface Payload {
  key: string;
  urls: Record<string, string>;
  formulaJs: string;
  constants: Record<string, any>;
  figure: string;
  narrow: string | null;
  height: number;
  context: string;
  names: Names;
  notes: string[];
  present: boolean;
  params: Param[];
  transport: Transport | null;
  handles: Handle[];
  formula: string;
  takeaway: string;
  hint: string;
  table: Record<string, Cell | Cell[]>;
  presets: Preset[];
  code: string[];
  /** Where what each slider would show can be fetched, as an `Ahead`. */
  ahead: { axis: string; address: string }[];
}

/** Frames of one slider, packed: pages/ui/live/lookahead.py says how. */
export interface Ahead {
  fields: {
    trace: string;
    attr: "x" | "y" | "z" | "text";
    at: number[];
    size: number[];
    words?: any[];
  }[];
  numbers: Record<string, (number | string | null)[]>;
  data: string;
  greys: string;
}

/** What Streamlit hands to a component. */
export interface Component<Data> {
  data: Data;
  parentElement: HTMLElement;
  setTriggerValue: (name: string, value: unknown) => void;
}

/** What a module in assets/frames gives. */
export interface FrameModule {
  prepare?: (constants: any) => Promise<void>;
  frame: (values: any, constants: any) => Frame;
}

/** A figure as plotly.js takes it. */
export interface Figure {
  data: any[];
  layout?: any;
  diagram?: Diagram;
}

/** A thing of a diagram; pages/ui/live/diagram.py says what each field means. */
export interface DiagramNode {
  name: string;
  shape: string;
  x: number;
  y: number;
  width: number;
  height: number;
  colour: string;
  lines: DiagramLine[];
  align: "start" | "middle" | "end";
  top: boolean;
  dashed: boolean;
  picture: string;
  about: string;
  spoken: string;
  shown: number[];
  lit: number[];
}

export interface DiagramLine {
  words: string;
  size: number;
  colour: string;
  shown: number[];
  lit: number[];
}

export interface DiagramEdge {
  points: [number, number][];
  kind: string;
  colour: string;
  shown: number[];
  lit: number[];
}

export interface DiagramForm {
  size: [number, number];
  nodes: DiagramNode[];
  edges: DiagramEdge[];
}

export interface Diagram {
  wide: DiagramForm;
  narrow: DiagramForm;
  description: string;
  stage: string;
  pictures: Record<string, string>;
}

/** An axis as plotly.js has laid it out, in pixels. */
export interface PlotAxis {
  c2p: (value: number, clip?: boolean) => number;
  p2c: (pixel: number) => number;
  _offset: number;
}

/** What plotly.js computed for one trace; a record for each point, and the trace with the first. */
export type Calc = any[];

/** The element of a plot, with what plotly.js keeps on it. */
export type PlotElement = HTMLDivElement & Record<string, any>;

/** What sliders, grips and the transport bar move. */
export interface Moved {
  readonly values: Values;
  readonly names: Names;
  readonly held: string | null;
  param: (key: string) => Param;
  locked: (key: string) => boolean;
  input: (key: string, value: number) => void;
  hold: (key: string) => void;
  release: () => void;
  settle: (delay: number) => void;
  need: () => void;
}
