// Before a class: keys, and a presenter's remote, wherever the focus is. A remote sends PageDown and
// PageUp for its two arrows, and a full stop or a b for its third button.

const TYPED = "input:not([type=radio], [type=range], [type=checkbox]), textarea, select,"
  + " [contenteditable=true], [role=combobox]";
const MOVED = `${TYPED}, input, [role=radio]`; // what has its own use for the arrows
let attending = false;

/** @param {string} selector
 * @returns {HTMLElement | null} */
const first = (selector) => document.querySelector(selector);

/** One step of the first figure that plays, or of the quiz.
 * @param {string} key */
function step(key) {
  const bar = first(".ttn-live .ttn-transport:not([hidden]):not(:empty)");
  const stage = bar?.closest(".ttn-live")?.querySelector(".ttn-stage") ?? first(".ttn-quiz");
  stage?.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
}

/** To the page before or after, if there is one.
 * @param {string} icon */
function turn(icon) {
  const links = Array.from(document.querySelectorAll(".st-key-way_on a"));
  const link = links.find((each) => each.textContent?.includes(icon));
  /** @type {HTMLElement | undefined} */ (link)?.click();
}

/** The question to one line, and back. */
function fold() {
  const question = first(".ttn-predict");
  if (!question) return;
  const away = question.classList.toggle("ttn-away");
  if (!away) question.querySelector("input")?.focus({ preventScroll: true });
}

/** @type {Record<string, () => void>} */
const ACTS = {
  PageDown: () => turn("arrow_forward"),
  PageUp: () => turn("arrow_back"),
  ArrowRight: () => step("ArrowRight"),
  ArrowLeft: () => step("ArrowLeft"),
  ".": () => step(" "),
  b: () => step(" "),
  p: () => step(" "),
  q: fold,
};

/** @param {KeyboardEvent} event */
function act(event) {
  const node = /** @type {Element} */ (event.target);
  const busy = event.key.startsWith("Arrow") ? MOVED : TYPED;
  const taken = !event.key.startsWith("Page") && node.closest?.(busy);
  if (event.ctrlKey || event.altKey || event.metaKey || !first(".ttn-presenting")) return;
  if (!ACTS[event.key] || event.defaultPrevented || taken) return;
  event.preventDefault();
  ACTS[event.key]();
}

/** Listen from now on; once for all figures. */
export function attend() {
  if (attending) return;
  attending = true;
  document.addEventListener("keydown", act);
}
