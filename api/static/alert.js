// @ts-check
/** One alert's page: seconds tick, and its parts are fetched again when the alert has changed. */
import { Attention } from "./attention.js";
import { Live, showState, span } from "./live.js";

const live = new Live();
new Attention(live);
const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const id = main.dataset.id ?? "";
let seen = "";
let shown = "";
let fetching = false;

/** Fetch this page again and take over what changed; a form that is being filled in stays. */
async function refresh() {
  const meant = seen;
  const answer = await fetch(location.pathname, { signal: AbortSignal.timeout(5000) });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of ["who", "story", "do"]) {
    const mine = document.getElementById(part);
    const theirs = fresh.getElementById(part);
    if (mine && theirs && mine.innerHTML !== theirs.innerHTML && !busy(mine)) mine.replaceChildren(...theirs.childNodes);
  }
  shown = meant;
}

/** Until what is shown is what was last heard; a failed fetch is tried again with the next beat. */
function follow() {
  if (fetching || seen === shown) return;
  fetching = true;
  refresh().catch(() => { /* the line is down: the banner says so */ }).finally(() => { fetching = false; });
}

/** @param {HTMLElement} part */
function busy(part) {
  const typed = [...part.querySelectorAll("input:not([type=hidden]), textarea, select")].some((f) => /** @type {HTMLInputElement} */ (f).value !== "");
  return typed || part.contains(document.activeElement) || part.querySelector("details[open]") !== null;
}

function tick() {
  const waited = document.getElementById("waited");
  if (waited) waited.textContent = span(live.now() - Date.parse(main.dataset.raised ?? ""));
  for (const place of document.querySelectorAll("[data-until]")) {
    const until = Date.parse(/** @type {HTMLElement} */ (place).dataset.until ?? "");
    if (until) place.textContent = span(until - live.now());
  }
}

live.addEventListener("alerts", () => {
  seen = JSON.stringify(live.alerts.get(id) ?? null);
});
live.addEventListener("beat", () => { tick(); follow(); });
document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.closest("input, select, textarea, button, a") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") location.assign("/");
  const place = /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="${CSS.escape(event.key)}"]`));
  if (place instanceof HTMLButtonElement) place.click();
  else place?.focus();
});
showState(live);
live.start();
