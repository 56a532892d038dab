// @ts-check
/** The board: who needs me now. Unclaimed first, seconds ticking, one button to claim. */
import { calling, calls, claimed, flags, next, order, people, severity, unclaimed, where } from "./alerts.js";
import { Attention, told as toldOf } from "./attention.js";
import { Beside } from "./beside.js";
import { BoardMap } from "./board_map.js";
import { Closing, toLogin } from "./closing.js";
import { Groups } from "./groups.js";
import { Live, clock, named, say, setup, showState, span, within } from "./live.js";

/** @typedef {import("./live.js").Alert} Alert */
/** @typedef {{element: HTMLElement, parts: Record<string, HTMLElement>, alert: Alert | null}} Row */

const live = new Live();
const me = setup().me;
const attention = new Attention(live);
const lists = { calling: byId("calling"), claimed: byId("claimed") };
const template = /** @type {HTMLTemplateElement} */ (document.getElementById("row"));
const told = byId("told");
const beside = new Beside();
const groups = new Groups(() => drawAll());
const map = new BoardMap((id) => select(id)?.element.scrollIntoView({ block: "nearest" }));
/** @type {Map<string, Row>} */
const rows = new Map();
/** @type {string | null} */
let selected = null;
let toldAt = 0;

/** @param {string} id @returns {HTMLElement} */
function byId(id) { return /** @type {HTMLElement} */ (document.getElementById(id)); }

// ---- drawing ----------------------------------------------------------------

/** @param {Row} row @param {string} part @param {string} text */
function put(row, part, text) {
  if (row.parts[part].textContent !== text) row.parts[part].textContent = text;
}

/** @param {Alert} alert @returns {Row} */
function rowOf(alert) {
  const known = rows.get(alert.id);
  if (known) return known;
  const element = /** @type {HTMLElement} */ (/** @type {DocumentFragment} */ (template.content.cloneNode(true)).firstElementChild);
  element.dataset.id = alert.id;
  element.classList.add("fresh");
  const parts = Object.fromEntries([...element.querySelectorAll("[data-part]")].map((e) => [/** @type {HTMLElement} */ (e).dataset.part ?? "", /** @type {HTMLElement} */ (e)]));
  const row = { element, parts, alert: null };
  rows.set(alert.id, row);
  return row;
}

/** Everything a row shows comes from the alert, every time: nothing old can remain.
 * @param {Alert} alert @returns {Row} */
function draw(alert) {
  const row = rowOf(alert);
  if (row.alert === alert) return row;
  row.alert = alert;
  const open = unclaimed(alert);
  const fresh = open && row.element.classList.contains("fresh");
  row.element.className = ["row", open ? "calling" : "claimed", `sev-${severity(alert)}`, alert.drill ? "is-drill" : "", fresh ? "fresh" : ""].filter(Boolean).join(" ");
  put(row, "standing", say(open ? "board.unclaimed" : "board.claimed"));
  put(row, "kind", named("kind", alert.kind));
  put(row, "severity", named("severity", alert.severity));
  put(row, "drill", alert.drill ? say("board.drill") : "");
  row.parts.drill.hidden = !alert.drill;
  put(row, "people", people(alert, live.now()));
  put(row, "flags", flags(alert));
  put(row, "where", where(alert));
  put(row, "calls", calls(alert));
  /** @type {HTMLAnchorElement} */ (row.parts.link).href = `/alerts/${encodeURIComponent(alert.id)}`;
  const name = `${named("kind", alert.kind)} · ${named("severity", alert.severity)} · ${where(alert)}`;
  row.element.setAttribute("aria-label", name);
  const mine = claimed(alert).some((/** @type {any} */ t) => t.claimant?.id === me);
  row.parts.claim.hidden = mine || calling(alert).length === 0; // who has it does not take the others' lines in passing
  put(row, "link", say(mine ? "board.work" : "board.open")); // who has taken it works on it next
  row.parts.link.classList.toggle("primary", mine);
  row.parts.link.setAttribute("aria-label", `${say(mine ? "board.work" : "board.open")}: ${name}`);
  tickRow(row, live.now());
  return row;
}

/** Rows follow the alerts, also when a snapshot took some away. */
function drawAll() {
  const alerts = [...live.alerts.values()].sort(order);
  const held = /** @type {HTMLElement | null} */ (document.activeElement);
  const at = shownRows().indexOf(/** @type {HTMLElement} */ (held?.closest(".row")));
  for (const [id, row] of rows) {
    if (!live.alerts.has(id)) { row.element.remove(); rows.delete(id); }
  }
  const place = { calling: 0, claimed: 0 };
  groups.draw(alerts, live.now());
  for (const alert of alerts) {
    const { element } = draw(alert);
    element.hidden = !groups.shows(alert);
    const group = unclaimed(alert) ? "calling" : "claimed";
    const list = lists[group];
    if (list.children[place[group]] !== element) list.insertBefore(element, list.children[place[group]] ?? null);
    place[group] += 1;
  }
  if (selected && !live.alerts.has(selected)) select(null);
  map.follow(alerts);
  count(place.calling, place.claimed);
  if (held && at >= 0 && (held !== document.activeElement || !held.offsetParent)) hold(held, at);
}

/** A row that moved or went does not take the keyboard with it: the same button, else its row, else the next row.
 * @param {HTMLElement} held @param {number} at */
function hold(held, at) {
  if (held.isConnected && held.offsetParent) return held.focus({ preventScroll: true });
  const left = shownRows();
  const row = /** @type {HTMLElement} */ (held.isConnected ? held.closest(".row") : left[Math.min(at, left.length - 1)]);
  /** @type {HTMLElement | undefined} */ (row?.querySelector("a.primary") ?? row)?.focus({ preventScroll: true });
}

/** @returns {HTMLElement[]} */
function shownRows() { return /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".row")]).filter((row) => !row.hidden); }

/** @param {number} open @param {number} held */
function count(open, held) {
  for (const [group, n] of /** @type {[keyof typeof lists, number][]} */ ([["calling", open], ["claimed", held]])) {
    byId(`count-${group}`).textContent = String(n);
    byId(`count-${group}`).parentElement?.classList.toggle("some", n > 0);
    const section = /** @type {HTMLElement} */ (lists[group].closest("section"));
    section.hidden = n === 0;
  }
  byId("empty").hidden = open > 0;
  byId("quiet-more").hidden = held > 0; // somebody is being helped: not everything is well
}

/** Seconds waiting and seconds left.
 * @param {Row} row @param {number} now */
function tickRow(row, now) {
  const alert = /** @type {Alert} */ (row.alert);
  const waited = span(now - Date.parse(alert.raised_at));
  put(row, "waited", waited);
  row.parts.waited.classList.toggle("long", waited.length > 5);
  const { at, who } = next(alert, now);
  put(row, "next", Number.isFinite(at) ? span(at - now) : "");
  put(row, "next-who", who);
  row.element.classList.toggle("soon", !unclaimed(alert) && at - now < 60_000);
}

function tick() {
  const now = live.now();
  for (const row of rows.values()) tickRow(row, now);
}

// ---- acting -----------------------------------------------------------------

/** @param {string} text @param {boolean} [bad] */
function tell(text, bad = false) {
  told.textContent = text;
  told.classList.toggle("bad", bad);
  toldAt = performance.now();
}

/** Why it was not recorded; null: it was.
 * @param {string} id @param {string} command @param {object} [body] @returns {Promise<string | null>} */
async function post(id, command, body = {}) {
  const alert = live.alerts.get(id);
  tell(say("board.sending"));
  const what = `${say(`board.${command}`)} · ${alert ? where(alert) : id} · ${clock(live.now())}`;
  try {
    const answer = await fetch(`/api/v1/alerts/${encodeURIComponent(id)}/${command}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` },
      body: JSON.stringify(body),
      signal: within(20_000),
    });
    if (answer.status === 401) return say("board.ended");
    const said = await answer.json();
    if (answer.ok) {
      tell(say("board.done", { what }));
      return null;
    }
    const held = said.held_by && say("board.held_by", { name: said.held_by.name, until: said.until ? clock(said.until) : "—" });
    return refused(say("board.failed", { why: held || said.detail }));
  } catch {
    return refused(say("board.unanswered"));
  }
}

/** @param {string} why */
function refused(why) {
  tell(why, true);
  return why;
}

/** @param {string} id */
async function claim(id) {
  const button = /** @type {HTMLButtonElement | undefined} */ (rows.get(id)?.parts.claim);
  if (!button || button.hidden || button.hasAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true"); // not disabled: that would take the keyboard away
  const why = await post(id, "claim");
  button.removeAttribute("aria-busy");
  if (why === say("board.ended")) toLogin(id);
}

/** @param {string} id */
function askClose(id) {
  const alert = live.alerts.get(id);
  if (alert) closing.ask(id, `${named("kind", alert.kind)} · ${where(alert)}`);
}

const closing = new Closing(async (id, filled) => {
  const why = await post(id, "close", { outcome: filled.outcome, cause: filled.cause || null, note: filled.note || null });
  if (why === say("board.ended")) toLogin(id, filled);
  return why;
});

closing.dialog.addEventListener("close", () => {
  if (document.activeElement === document.body) shownRows()[0]?.focus({ preventScroll: true }); // its row has gone
});

live.addEventListener("ended", (event) => {
  if (!closing.id) return;
  event.preventDefault();
  toLogin(closing.id, closing.filled());
});

/** @param {string | null} id */
function select(id) {
  if (selected) rows.get(selected)?.element.classList.remove("selected");
  selected = id;
  const row = id ? rows.get(id) : null;
  row?.element.classList.add("selected");
  map.choose(row ? id : null);
  return row;
}

/** @param {number} by */
function move(by) {
  const ids = shownRows().map((row) => row.dataset.id ?? "");
  const at = selected ? ids.indexOf(selected) : by > 0 ? -1 : ids.length;
  const row = select(ids[Math.min(Math.max(at + by, 0), ids.length - 1)] ?? null);
  row?.element.scrollIntoView({ block: "nearest" });
  row?.element.focus({ preventScroll: true });
}

for (const list of Object.values(lists)) {
  list.addEventListener("click", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const id = /** @type {HTMLElement | null} */ (target.closest(".row"))?.dataset.id;
    if (!id) return;
    select(id);
    const does = /** @type {HTMLElement | null} */ (target.closest("[data-do]"))?.dataset.do;
    if (does === "claim") claim(id);
    if (does === "close") askClose(id);
  });
}

/** @param {string} key @returns {(id: string) => void} */
const onPage = (key) => (id) => location.assign(`/alerts/${encodeURIComponent(id)}${key}`);

/** @type {Record<string, (id: string) => void>} */
const KEYS = { Enter: onPage(""), a: claim, x: askClose, c: onPage("#c"), p: onPage("#p"), o: onPage("#o"), 1: onPage("#1") };

document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.closest("input, select, textarea") || (event.key === "Enter" && target.closest("button, a, summary"))) return;
  const focused = /** @type {HTMLElement | null} */ (target.closest(".row"))?.dataset.id;
  if (event.key === "j" || event.key === "ArrowDown") move(1);
  else if (event.key === "k" || event.key === "ArrowUp") move(-1);
  else if (event.key === "?") /** @type {HTMLDialogElement} */ (byId("keys")).showModal();
  else if (Object.hasOwn(KEYS, event.key)) {
    const id = focused ?? selected ?? (rows.size === 1 ? [...rows.keys()][0] : null);
    if (id) KEYS[event.key](id);
  } else return;
  event.preventDefault();
});

// ---- life -------------------------------------------------------------------

/** @type {Set<string>} */
let known = new Set();
let begun = false; // what stood there already when the page was opened is no news
live.addEventListener("alerts", () => {
  const fresh = [...live.alerts.values()].filter((a) => !known.has(a.id) && unclaimed(a)).sort(order);
  if ([...known].some((id) => !live.alerts.has(id))) beside.want();
  known = new Set(live.alerts.keys());
  groups.widen(fresh);
  drawAll();
  if (fresh.length && begun) tell(toldOf(fresh[0]));
  begun = true;
});
live.addEventListener("beat", () => {
  tick();
  beside.beat();
  map.beat();
  if (told.textContent && performance.now() - toldAt > 30_000) tell("");
});
document.getElementById("sound-play")?.addEventListener("click", () => attention.sound.play("critical"));
showState(live);
live.start();
