// @ts-check
/** The board: who needs me now. Unclaimed first, seconds ticking, one button to claim. */
import { Live, clock, named, say, showState, span } from "./live.js";
import { Sound } from "./sound.js";

/** @typedef {import("./live.js").Alert} Alert */

const RANK = { critical: 0, urgent: 1, routine: 2 };
const live = new Live();
const sound = new Sound();
const list = /** @type {HTMLElement} */ (document.getElementById("rows"));
const template = /** @type {HTMLTemplateElement} */ (document.getElementById("row"));
const told = /** @type {HTMLElement} */ (document.getElementById("told"));
const closing = /** @type {HTMLDialogElement} */ (document.getElementById("closing"));
const title = document.title;
/** @type {Map<string, HTMLElement>} */
const rows = new Map();
/** @type {string | null} */
let selected = null;
let toldAt = 0;
let closedToday = Number(document.getElementById("count-closed")?.textContent) || 0;

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

// ---- reading an alert -------------------------------------------------------

/** @param {Alert} alert */
const calling = (alert) => (alert.tracks ?? []).filter((/** @type {any} */ t) => t.state === "calling");
/** @param {Alert} alert */
const claimed = (alert) => (alert.tracks ?? []).filter((/** @type {any} */ t) => t.state === "claimed");
/** @param {Alert} alert */
const unclaimed = (alert) => calling(alert).length > 0 || claimed(alert).length === 0;

/** @param {Alert} alert */
function where(alert) {
  const address = alert.home?.address;
  if (!alert.home && alert.device?.id?.startsWith("call-")) return say("board.by_phone");
  if (!alert.home) return say("board.unknown_home", { device: alert.device?.id ?? "" });
  if (typeof address === "string") return address;
  const parts = ["road", "lane", "estate", "building", "unit", "room"].map((k) => address?.[k]).filter(Boolean);
  return address?.text ?? (parts.join("") || alert.home.id);
}

/** Years lived, or null. @param {{age?: number, birth?: string}} person */
function age(person) {
  if (person.age != null) return person.age;
  const born = /^(\d{4})-(\d\d)-(\d\d)/.exec(person.birth ?? "");
  if (!born) return null;
  const today = clock(live.now());
  return Number(today.slice(0, 4)) - Number(born[1]) - (today.slice(5, 10) < `${born[2]}-${born[3]}` ? 1 : 0);
}

/** @param {Alert} alert */
function people(alert) {
  return (alert.residents ?? []).map((/** @type {any} */ p) => age(p) === null ? p.name : `${p.name} ${say("board.age", { age: age(p) })}`).join(say("site.comma"));
}

/** @param {Alert} alert */
function flags(alert) {
  const found = [];
  if (alert.drill) found.push(say("board.drill"));
  if (alert.cancel_requested) found.push(say("board.cancel"));
  if (alert.late) found.push(say("board.late"));
  if (alert.signals > 1) found.push(say("board.signals", { n: alert.signals }));
  return found.join(" · ");
}

/** Who was asked, when only the tracks tell (polling). @param {Alert} alert */
function called(alert) {
  const roles = calling(alert).flatMap((/** @type {any} */ t) => (t.called ?? []).map((/** @type {any} */ c) => named("role", c.role)));
  return roles.length ? say("board.contacted_roles", { roles: [...new Set(roles)].join(say("site.comma")) }) : say("board.contacted_nobody");
}

/** Who was asked last and what came of it; who has it. @param {Alert} alert */
function calls(alert) {
  const held = claimed(alert).map((/** @type {any} */ t) => say("board.held", { name: t.claimant?.name ?? "" }) + (t.offer ? ` · ${say("board.offered", { to: t.offer.to })}` : ""));
  const waiting = calling(alert).map((/** @type {any} */ t) => named("role", t.name));
  if (held.length) return [...new Set(held), ...(waiting.length ? [say("board.still_calling", { roles: waiting.join(say("site.comma")) })] : [])].join(" · ");
  const last = alert.last_contact;
  if (!last) return called(alert);
  const who = last.name ?? named("role", last.role);
  return say("board.contacted", { who, channel: named("channel", last.channel), status: named("status", last.status) });
}

/** The next thing that happens by itself, and when. @param {Alert} alert @returns {{at: number, who: string}} */
function next(alert) {
  const at = (/** @type {any} */ t) => Date.parse(t.state === "calling" ? t.next_at : t.claim_until) || Infinity;
  const tracks = unclaimed(alert) ? calling(alert) : claimed(alert);
  const first = tracks.sort((/** @type {any} */ a, /** @type {any} */ b) => at(a) - at(b))[0];
  if (!first) return { at: Infinity, who: "" };
  if (first.state === "claimed") return { at: at(first), who: say("board.progress_by", { name: first.claimant?.name ?? "" }) };
  if (at(first) <= live.now()) return { at: at(first), who: say("board.next_now", { role: named("role", first.next_role ?? first.name) }) };
  return { at: at(first), who: first.next_role ? say("board.next", { role: named("role", first.next_role) }) : say("board.everybody") };
}

/** Unclaimed before claimed, worse before milder, longer waiting first. @param {Alert} a @param {Alert} b */
function order(a, b) {
  const rank = (/** @type {Alert} */ x) => (unclaimed(x) ? 0 : 10) + (RANK[/** @type {keyof RANK} */ (x.severity)] ?? 1);
  return rank(a) - rank(b) || Date.parse(a.raised_at) - Date.parse(b.raised_at) || (a.id < b.id ? -1 : 1);
}

// ---- drawing ----------------------------------------------------------------

/** @param {HTMLElement} row @param {string} part @param {string} text */
function put(row, part, text) {
  const place = /** @type {HTMLElement} */ (row.querySelector(`[data-part="${part}"]`));
  if (place.textContent !== text) place.textContent = text;
}

/** @param {Alert} alert */
function rowOf(alert) {
  let row = rows.get(alert.id);
  if (!row) {
    row = /** @type {HTMLElement} */ (/** @type {DocumentFragment} */ (template.content.cloneNode(true)).firstElementChild);
    row.dataset.id = alert.id;
    row.classList.add("fresh");
    rows.set(alert.id, row);
  }
  return row;
}

/** Everything a row shows comes from the alert, every time: nothing old can remain. @param {Alert} alert */
function draw(alert) {
  const row = rowOf(alert);
  const open = unclaimed(alert);
  if (!open) row.classList.remove("fresh");
  row.className = ["row", open ? "calling" : "claimed", `sev-${alert.severity}`, row.classList.contains("fresh") ? "fresh" : ""].join(" ").trim();
  put(row, "standing", say(open ? "board.unclaimed" : "board.claimed"));
  put(row, "kind", named("kind", alert.kind));
  put(row, "severity", named("severity", alert.severity));
  put(row, "people", people(alert));
  put(row, "flags", flags(alert));
  put(row, "where", where(alert));
  put(row, "calls", calls(alert));
  /** @type {HTMLAnchorElement} */ (row.querySelector('[data-part="link"]')).href = `/alerts/${encodeURIComponent(alert.id)}`;
  /** @type {HTMLElement} */ (row.querySelector('[data-do="claim"]')).hidden = calling(alert).length === 0;
  return row;
}

/** Rows follow the alerts, also when a snapshot took some away. */
function drawAll() {
  const alerts = [...live.alerts.values()].sort(order);
  for (const [id, row] of rows) {
    if (!live.alerts.has(id)) { row.remove(); rows.delete(id); }
  }
  alerts.forEach((alert, n) => {
    const row = draw(alert);
    if (list.children[n] !== row) list.insertBefore(row, list.children[n] ?? null);
  });
  if (selected && !live.alerts.has(selected)) selected = null;
  select(selected);
  count(alerts);
  tick();
}

/** @param {Alert[]} alerts */
function count(alerts) {
  const open = alerts.filter(unclaimed).length;
  const held = alerts.length - open;
  byId("count-calling").textContent = String(open);
  byId("count-claimed").textContent = String(held);
  byId("count-closed").textContent = String(closedToday);
  byId("count-calling").parentElement?.classList.toggle("some", open > 0);
  byId("count-claimed").parentElement?.classList.toggle("some", held > 0);
  byId("empty").hidden = alerts.length > 0;
  document.title = open ? `(${open}) ${say("board.unclaimed")} · ${say("site.name")}` : title;
}

/** Seconds waiting and seconds left. */
function tick() {
  const now = live.now();
  for (const [id, row] of rows) {
    const alert = live.alerts.get(id);
    if (!alert) continue;
    const waited = span(now - Date.parse(alert.raised_at));
    put(row, "waited", waited);
    row.querySelector(".waited")?.classList.toggle("long", waited.length > 5);
    const { at, who } = next(alert);
    put(row, "next", Number.isFinite(at) ? span(at - now) : "");
    put(row, "next-who", who);
    row.querySelector(".next")?.classList.toggle("soon", !unclaimed(alert) && at - now < 60_000);
  }
}

/** What ails the system itself fills the screen until somebody has seen it; then a bar stays until it is mended. */
function alarm() {
  const screen = document.getElementById("alarm");
  if (!screen) return;
  if (!live.alarms.length) delete screen.dataset.seen;
  screen.hidden = !live.alarms.length;
}
document.getElementById("alarm-seen")?.addEventListener("click", () => {
  const screen = document.getElementById("alarm");
  if (screen) screen.dataset.seen = "yes";
});

/** The loudest thing that is true decides. */
function ring() {
  alarm();
  if (live.stale) return sound.repeat("stale", 3000);
  if (live.alarms.length && !document.getElementById("alarm")?.dataset.seen) return sound.repeat("stale", 3000);
  const alerts = [...live.alerts.values()];
  const worst = alerts.filter(unclaimed).sort(order)[0];
  if (worst) {
    const age = (live.now() - Date.parse(worst.raised_at)) / 1000;
    const gaps = { critical: 2500, urgent: 5000, routine: 10_000 };
    const gap = gaps[/** @type {keyof gaps} */ (worst.severity)] ?? 5000;
    return sound.repeat(worst.severity in gaps ? worst.severity : "urgent", age > 120 ? gap / 2 : gap);
  }
  const ending = alerts.some((a) => next(a).at - live.now() < 60_000);
  if (ending) sound.repeat("lease", 10_000);
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
      signal: AbortSignal.timeout(10_000),
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
  const button = /** @type {HTMLButtonElement | null} */ (rows.get(id)?.querySelector('[data-do="claim"]') ?? null);
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
  selected = id;
  for (const [key, row] of rows) row.setAttribute("aria-selected", String(key === id));
}

/** @param {number} by */
function move(by) {
  const ids = [...list.children].map((row) => /** @type {HTMLElement} */ (row).dataset.id ?? "");
  const at = selected ? ids.indexOf(selected) : by > 0 ? -1 : ids.length;
  select(ids[Math.min(Math.max(at + by, 0), ids.length - 1)] ?? null);
  if (selected) rows.get(selected)?.scrollIntoView({ block: "nearest" });
}

list.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const id = /** @type {HTMLElement | null} */ (target.closest(".row"))?.dataset.id;
  if (!id) return;
  select(id);
  const does = /** @type {HTMLElement | null} */ (target.closest("[data-do]"))?.dataset.do;
  if (does === "claim") claim(id);
  if (does === "close") askClose(id);
});

/** @type {Record<string, (id: string) => void>} */
const KEYS = {
  Enter: (id) => location.assign(`/alerts/${encodeURIComponent(id)}`),
  a: claim,
  x: askClose,
};

document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.closest("input, select, textarea, button, a")) return;
  const focused = /** @type {HTMLElement | null} */ (target.closest(".row"))?.dataset.id;
  if (event.key === "j" || event.key === "ArrowDown") move(1);
  else if (event.key === "k" || event.key === "ArrowUp") move(-1);
  else if (event.key === "?") /** @type {HTMLDialogElement} */ (byId("keys")).showModal();
  else if (KEYS[event.key]) {
    const id = focused ?? selected ?? (list.children.length === 1 ? [...rows.keys()][0] : null);
    if (id) KEYS[event.key](id);
  } else return;
  event.preventDefault();
});

// ---- sound lamp -------------------------------------------------------------

const lamp = byId("sound");
function showSound() {
  lamp.hidden = false;
  lamp.dataset.state = sound.state;
  lamp.textContent = `${say("board.sound")} ${say(`board.sound_${sound.state}`)}`;
}
lamp.addEventListener("click", () => (sound.state === "blocked" ? sound.arm() : sound.toggle()));
sound.addEventListener("state", showSound);
showSound();

// ---- life -------------------------------------------------------------------

/** @type {Set<string>} */
let known = new Set();
live.addEventListener("alerts", (event) => {
  const whole = /** @type {CustomEvent} */ (event).detail.whole;
  const fresh = [...live.alerts.values()].filter((a) => !known.has(a.id) && unclaimed(a));
  if (!whole) closedToday += [...known].filter((id) => !live.alerts.has(id)).length;
  known = new Set(live.alerts.keys());
  drawAll();
  if (fresh.length) {
    const first = fresh.sort(order)[0];
    sound.play(first.severity in RANK ? first.severity : "urgent");
    tell(say("board.rung", { kind: named("kind", first.kind), address: where(first) }));
  }
});
live.addEventListener("beat", () => {
  tick();
  ring();
  if (told.textContent && performance.now() - toldAt > 30_000) tell("");
});
showState(live);
live.start();
