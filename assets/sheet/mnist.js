// A drawing of 28 x 28 cells as text for the address (as pages/practice/inside_vae/sheet.py has it)
// and as MNIST has a digit (as vae_core/vae/hand_drawn.py does it).

export const SIDE = 28;
const BOX = 20;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BITS = 6;

// ---- as text ----------------------------------------------------------------------------------

/** @param {string} text */
export function cellsOf(text) {
  const cells = new Uint8Array(SIDE * SIDE);
  Array.from(text).forEach((letter, i) => {
    const value = LETTERS.indexOf(letter);
    for (let bit = 0; bit < BITS; bit += 1) {
      const at = i * BITS + bit;
      if (at < cells.length) cells[at] = (value >> (BITS - 1 - bit)) & 1;
    }
  });
  return cells;
}

/** @param {Uint8Array} cells */
export function textOf(cells) {
  let text = "";
  for (let at = 0; at < cells.length; at += BITS) {
    let value = 0;
    for (let bit = 0; bit < BITS; bit += 1) value = 2 * value + (cells[at + bit] ?? 0);
    text += LETTERS[value];
  }
  return text.replace(/A+$/, "") || "A";
}

// ---- as MNIST has it --------------------------------------------------------------------------

/** Cells inked in each row, or in each column.
 * @param {Uint8Array} cells
 * @param {(i: number) => number} along the row or column of a cell */
function sums(cells, along) {
  const found = new Float64Array(SIDE);
  for (let i = 0; i < cells.length; i += 1) found[along(i)] += cells[i];
  return found;
}

/** Share of each new pixel that each old cell covers, one row after the other.
 * @param {Float64Array} ink
 * @param {number} scale */
function overlaps(ink, scale) {
  let mass = 0;
  let moment = 0;
  ink.forEach((each, i) => {
    mass += each;
    moment += each * (i + 0.5);
  });
  const centre = moment / mass;
  const [low, high] = ends(ink).map((end) => SIDE / 2 + scale * (end - centre));
  const shift = Math.max(0, -low) - Math.max(0, high - SIDE);
  const back = (/** @type {number} */ edge) => (edge - shift - SIDE / 2) / scale + centre;
  const shares = new Float64Array(SIDE * SIDE);
  for (let i = 0; i < SIDE; i += 1) {
    for (let j = 0; j < SIDE; j += 1) {
      const common = Math.min(back(i + 1), j + 1) - Math.max(back(i), j);
      shares[i * SIDE + j] = Math.max(0, common) * scale;
    }
  }
  return shares;
}

/** The first inked row, or column, and the one after the last.
 * @param {Float64Array} ink */
function ends(ink) {
  const inked = Array.from(ink.keys()).filter((i) => ink[i] > 0);
  return [inked[0], inked[inked.length - 1] + 1];
}

/** Add a row, or every `step`th number, of one picture to a row of another.
 * @param {Float64Array} into
 * @param {number} at
 * @param {number} factor
 * @param {ArrayLike<number>} from
 * @param {number} first
 * @param {number} step */
function add(into, at, factor, from, first, step) {
  for (let k = 0; k < SIDE; k += 1) into[at + k] += factor * from[first + k * step];
}

/** @param {Uint8Array} cells */
export function asMnist(cells) {
  const picture = new Float64Array(SIDE * SIDE);
  if (!cells.includes(1)) return picture;
  const down = sums(cells, (i) => Math.floor(i / SIDE));
  const across = sums(cells, (i) => i % SIDE);
  const scale = BOX / Math.max(...[down, across].map((ink) => ends(ink)[1] - ends(ink)[0]));
  const [rows, columns] = [overlaps(down, scale), overlaps(across, scale)];
  const half = new Float64Array(SIDE * SIDE); // rows done, columns still as drawn
  for (let i = 0; i < SIDE; i += 1) {
    for (let j = 0; j < SIDE; j += 1) add(half, i * SIDE, rows[i * SIDE + j], cells, j * SIDE, 1);
    for (let j = 0; j < SIDE; j += 1) add(picture, i * SIDE, half[i * SIDE + j], columns, j, SIDE);
  }
  return picture;
}
