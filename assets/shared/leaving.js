// Who goes on to another page while a figure has something to tell arrives there. Streamlit answers
// what is told with the page that it knows as the present one, and so calls the visitor back: what
// was told just now goes out before the visitor does, and what comes after is not told.

const ON_ITS_WAY_MS = 300;
const LEAVING_MS = 3000;
const TO_A_PAGE = "a[data-testid^=stPageLink], a[data-testid=stSidebarNavLink]";
let [told, left] = [-Infinity, -Infinity];

document.addEventListener("click", (event) => {
  const node = /** @type {Element} */ (event.target);
  const link = /** @type {HTMLAnchorElement | null} */ (node.closest?.(TO_A_PAGE) ?? null);
  if (!link || link.pathname === location.pathname) return;
  const wait = told + ON_ITS_WAY_MS - performance.now();
  if (wait > 0) {
    event.preventDefault();
    event.stopImmediatePropagation();
    setTimeout(() => link.click(), wait);
  }
  left = performance.now();
}, true);

/** Whether Python may be told something now; if so, it is being told. */
export function mayTell() {
  if (performance.now() - left < LEAVING_MS) return false;
  told = performance.now();
  return true;
}
