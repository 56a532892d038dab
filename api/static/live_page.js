// @ts-check
/** A home's live state renews itself while somebody looks: every few seconds, and at once when an alert of it changes. */
import { within } from "./live.js";
import { live } from "./page.js";

const EVERY = 15_000;
const SOON = 1000;
/** Milliseconds after which what is shown says that it is old. */
const OLD = 3 * EVERY;
const PICTURES = 600_000;

const said = /** @type {HTMLElement} */ (document.getElementById("as-of"));
const place = /** @type {HTMLElement} */ (document.getElementById("renewed"));
let renewed = performance.now();
let asked = renewed;
let drawn = renewed;
let fetching = false;
/** @type {string | null} this home's open alerts, as last heard */
let alerts = null;

/** Takes over what the server says now; what was focused stays focused. */
async function renew() {
  const answer = await fetch(`${location.pathname}?again=true`, { signal: within(5000) });
  if (answer.redirected) return location.reload(); // the log-in has ended
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const theirs = fresh.getElementById("renewed");
  const told = fresh.getElementById("as-of");
  if (!theirs || !told) return;
  if (place.innerHTML !== theirs.innerHTML) {
    const focused = place.contains(document.activeElement) ? document.activeElement?.getAttribute("href") : null;
    place.replaceChildren(...theirs.childNodes);
    if (focused) /** @type {HTMLElement | null} */ (place.querySelector(`[href="${CSS.escape(focused)}"]`))?.focus();
  }
  said.textContent = told.textContent;
  said.dataset.old = told.dataset.old;
  said.classList.remove("old");
  renewed = performance.now();
}

/** The pictures of hours and days change slowly. */
function redraw() {
  drawn = performance.now();
  for (const picture of document.querySelectorAll(".charts img")) {
    const image = /** @type {HTMLImageElement} */ (picture);
    image.src = `${image.src.split("?")[0]}?at=${Math.round(drawn)}`;
  }
}

live.addEventListener("alerts", () => {
  const mine = [...live.alerts.values()].filter((one) => one.home?.id === said.dataset.home);
  const now = JSON.stringify(mine.map((one) => [one.id, one.version]));
  if (alerts !== null && now !== alerts) asked = Math.min(asked, performance.now() - EVERY + SOON);
  alerts = now;
});
live.addEventListener("beat", () => {
  const now = performance.now();
  if (now - renewed > OLD) {
    said.textContent = said.dataset.old ?? "";
    said.classList.add("old");
  }
  if (document.hidden || fetching || now - asked < EVERY) return; // nobody looks: nothing is read
  fetching = true;
  asked = now;
  if (now - drawn > PICTURES) redraw();
  renew().catch(() => { /* the line is down: the line above says so */ }).finally(() => { fetching = false; });
});
