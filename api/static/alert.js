// @ts-check
/** One alert's page: seconds tick, and its parts are fetched again when the alert has changed. */
import { Attention } from "./attention.js";
import { Live, say, setup, showState, span, within } from "./live.js";
import { Ground } from "./map.js";
import { take } from "./morph.js";
import { Sending } from "./sending.js";

const live = new Live();
new Attention(live);
const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const id = main.dataset.id ?? "";
let seen = "";
let shown = "";
let fetching = false;

/** Take over what the server says now. What is typed, opened or focused stays.
 * @param {Document} fresh */
function adopt(fresh) {
  const held = document.activeElement;
  for (const part of ["who", "story", "do"]) {
    const mine = document.getElementById(part);
    const theirs = fresh.getElementById(part);
    if (mine && theirs) take(mine, theirs);
  }
  tick();
  // who pressed a button that is gone goes on with the next one; who has closed it, with the way back to the board
  if (!held || held === document.body || held.isConnected) return;
  /** @type {HTMLElement | null} */ (main.querySelector("#do .primary"))?.focus({ preventScroll: true });
  if (fresh.getElementById("main")?.dataset.open === "no") document.getElementById("do")?.scrollIntoView({ block: "center" });
}

/** Fetch this page again and take over what changed. */
async function refresh() {
  const meant = seen;
  const answer = await fetch(location.pathname + location.search, { signal: within(10_000) });
  if (!answer.ok || answer.redirected || sending.under_way) return;
  adopt(new DOMParser().parseFromString(await answer.text(), "text/html"));
  shown = meant;
}

/** Until what is shown is what was last heard; a failed fetch is tried again with the next beat. */
function follow() {
  if (fetching || seen === shown) return;
  fetching = true;
  refresh().catch(() => { /* the line is down: the banner says so */ }).finally(() => { fetching = false; });
}

function tick() {
  const waited = document.getElementById("waited");
  if (waited) waited.textContent = span(live.now() - Date.parse(main.dataset.raised ?? ""));
  for (const place of document.querySelectorAll("[data-until]")) {
    const until = Date.parse(/** @type {HTMLElement} */ (place).dataset.until ?? "");
    if (until) place.textContent = span(until - live.now());
  }
}

/** The door's code comes only when asked for, and the server has written down who asked. */
document.addEventListener("submit", async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.id !== "reveal") return;
  event.preventDefault();
  const shown = document.createElement("p");
  shown.className = "revealed";
  try {
    const answer = await fetch(form.action, { method: "POST", headers: { Accept: "text/plain" }, signal: within(5000) });
    if (!answer.ok) throw new Error(String(answer.status));
    const code = document.createElement("b");
    code.className = "code num";
    code.textContent = await answer.text();
    shown.append(`${say("alert.code_is")} `, code);
  } catch {
    shown.textContent = say("board.offline_command");
  }
  form.querySelector(".revealed")?.remove();
  form.append(shown);
});

/** Who dials 120 from here has the plan call 120 too, at once: the telephone may ring in vain. */
document.addEventListener("click", (event) => {
  if (!(/** @type {HTMLElement} */ (event.target).closest("#tel-120"))) return;
  const form = /** @type {HTMLFormElement} */ (document.getElementById("summon"));
  fetch(form.action, { method: "POST", body: new URLSearchParams({ role: "dispatch_120" }), keepalive: true })
    .catch(() => { /* the line is down: the banner says so, and the telephone is dialling */ });
});

/** Press what a key stands for: buttons and links at once, everything that asks back is only opened.
 * @param {string} key */
function press(key) {
  const place = /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="${CSS.escape(key)}"]`));
  if (!place) return false;
  const details = /** @type {HTMLDetailsElement | null} */ (place.closest("details"));
  if (details) details.open = true;
  place.scrollIntoView({ block: key === "x" ? "center" : "nearest" }); // the whole form, not its first line
  place.focus();
  if (place instanceof HTMLButtonElement && key === "a") place.click();
  return true;
}

live.addEventListener("alerts", () => {
  seen = JSON.stringify(live.alerts.get(id) ?? null);
});
live.addEventListener("beat", () => { tick(); follow(); sending.beat(); });
document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && target.closest("input, select, textarea, summary, button, a")) return target.blur();
  if (target.closest("input, select, textarea")) return;
  if (event.key === "Escape") location.assign("/");
  else if (event.key === "?") /** @type {HTMLDialogElement} */ (document.getElementById("keys")).showModal();
  else if (!/^[acopx1]$/.test(event.key) || !press(event.key)) return;
  event.preventDefault();
});
const sending = new Sending(main, adopt);
showState(live);
live.start();

const place = document.getElementById("map");
if (place && matchMedia("(min-width: 641px)").matches) {
  const given = /** @type {{map: import("./map.js").Told, pins: import("./map.js").Pin[]}} */ (/** @type {any} */ (setup()));
  Ground.in(place, given.map).then((ground) => ground?.draw(given.pins, 2)); // the home and its nearest gate in view
}
if (location.hash.length === 2) press(location.hash.slice(1));
