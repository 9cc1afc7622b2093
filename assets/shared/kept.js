// What this browser remembers under one name in its localStorage. Nothing is sent anywhere.

/** @param {string} name */
export function keptUnder(name) {
  /** Where the browser refuses to store: kept for this visit only.
   * @type {Record<string, any>} */
  let fallback = {};
  return {
    /** What stands there; nothing, where it is no object.
     * @returns {Record<string, any>} */
    read() {
      try {
        const kept = JSON.parse(localStorage.getItem(name) ?? "{}");
        return kept && typeof kept === "object" && !Array.isArray(kept) ? kept : {};
      } catch {
        return fallback;
      }
    },

    /** @param {Record<string, any>} value */
    write(value) {
      fallback = value;
      try {
        localStorage.setItem(name, JSON.stringify(value));
      } catch {
        // The fallback has it.
      }
    },
  };
}
