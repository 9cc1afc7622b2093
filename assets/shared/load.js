// What the page has not loaded yet, scripts, styles and modules: each once, and again if it failed.

import { make } from "./dom.js";

/** @type {Map<string, Promise<any>>} */
const loading = new Map();
let failures = 0;

/** What `load` makes of an address; asked for again only if that failed.
 * @template Loaded
 * @param {string} address
 * @param {(url: string) => Promise<Loaded>} load
 * @returns {Promise<Loaded>} */
export function once(address, load) {
  const url = fromBase(address);
  const fail = (/** @type {unknown} */ error) => {
    loading.delete(url);
    failures += 1;
    throw error;
  };
  if (!loading.has(url)) loading.set(url, load(url).catch(fail));
  return /** @type {Promise<Loaded>} */ (loading.get(url));
}

/** An address as Python gives it, from the page's own folder: the app may stand behind a path.
 * @param {string} address */
export function fromBase(address) {
  return new URL(address, document.baseURI).href;
}

/** @param {string} address
 * @returns {Promise<any>} */
export function loadModule(address) {
  // A browser may remember that an address failed; another fragment makes it another address.
  return once(address, (url) => import(failures ? `${url}#${failures}` : url));
}

/** @param {string} address
 * @returns {Promise<void>} */
export function loadScript(address) {
  return once(address, (src) => new Promise((resolve, reject) => {
    const onerror = () => {
      script.remove();
      reject(new Error(`${src} could not be loaded`));
    };
    const script = make("script", { src, onload: resolve, onerror });
    document.head.append(script);
  }));
}

/** Without its style a part still works: what fails is left out.
 * @param {string} address
 * @returns {Promise<void>} */
export function loadStyle(address) {
  return once(address, (href) => new Promise((resolve) => {
    const link = make("link", { rel: "stylesheet", href, onload: resolve, onerror: resolve });
    document.head.append(link);
  }));
}
