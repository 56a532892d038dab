// @ts-check
/** The board: who needs me now. Unclaimed first, seconds ticking, one button to claim. */
import { calling, calls, claimed, flags, next, order, people, severity, unclaimed, where } from "./alerts.js";
import { Attention, told as toldOf } from "./attention.js";
import { Beside } from "./beside.js";
import { BoardMap } from "./board_map.js";
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
const closing = /** @type {HTMLDialogElement} */ (document.getElementById("closing"));
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
  row.parts.claim.hidden = calling(alert).length === 0;
  const name = `${named("kind", alert.kind)} · ${named("severity", alert.severity)} · ${where(alert)}`;
  row.element.setAttribute("aria-label", name);
  const mine = claimed(alert).some((/** @type {any} */ t) => t.claimant?.id === me);
  put(row, "link", say(mine ? "board.work" : "board.open")); // who has taken it works on it next
  row.parts.link.classList.toggle("primary", mine);
  row.parts.link.setAttribute("aria-label", `${say(mine ? "board.work" : "board.open")}: ${name}`);
  tickRow(row, live.now());
  return row;
}

/** Rows follow the alerts, also when a snapshot took some away. */
function drawAll() {
  const alerts = [...live.alerts.values()].sort(order);
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
}

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

/** @param {string} id @param {string} command @param {object} [body] */
async function post(id, command, body = {}) {
  const alert = live.alerts.get(id);
  const what = `${say(`board.${command}`)} · ${alert ? where(alert) : id} · ${clock(live.now())}`;
  try {
    const answer = await fetch(`/api/v1/alerts/${encodeURIComponent(id)}/${command}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` },
      body: JSON.stringify(body),
      signal: within(10_000),
    });
    if (answer.status === 401) return location.assign("/login");
    const said = await answer.json();
    if (answer.ok) return tell(say("board.done", { what }));
    const held = said.held_by && say("board.held_by", { name: said.held_by.name, until: said.until ? clock(said.until) : "—" });
    tell(say("board.failed", { why: held || said.detail }), true);
  } catch {
    tell(say("board.offline_command"), true);
  }
}

/** @param {string} id */
async function claim(id) {
  const button = /** @type {HTMLButtonElement | undefined} */ (rows.get(id)?.parts.claim);
  if (!button || button.hidden || button.disabled) return;
  button.disabled = true;
  await post(id, "claim");
  button.disabled = false;
}

/** @param {string} id */
function askClose(id) {
  const alert = live.alerts.get(id);
  if (!alert) return;
  const form = /** @type {HTMLFormElement} */ (closing.querySelector("form"));
  form.reset();
  byId("closing-what").textContent = `${named("kind", alert.kind)} · ${where(alert)}`;
  closing.dataset.id = id;
  closing.showModal();
}

closing.addEventListener("close", () => {
  if (closing.returnValue !== "close" || !closing.dataset.id) return;
  const form = new FormData(/** @type {HTMLFormElement} */ (closing.querySelector("form")));
  post(closing.dataset.id, "close", { outcome: form.get("outcome"), cause: form.get("cause") || null, note: form.get("note") || null });
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
  const ids = [...document.querySelectorAll(".row")].filter((row) => !(/** @type {HTMLElement} */ (row).hidden)).map((row) => /** @type {HTMLElement} */ (row).dataset.id ?? "");
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
live.addEventListener("alerts", () => {
  const fresh = [...live.alerts.values()].filter((a) => !known.has(a.id) && unclaimed(a)).sort(order);
  if ([...known].some((id) => !live.alerts.has(id))) beside.want();
  known = new Set(live.alerts.keys());
  groups.widen(fresh);
  drawAll();
  if (fresh.length) tell(toldOf(fresh[0]));
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
