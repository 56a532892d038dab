// @ts-check
/** What an alert says, in the reader's words. Pure: nothing here touches the page. */
import { clock, named, say } from "./live.js";

/** @typedef {import("./live.js").Alert} Alert */

const RANK = { critical: 0, urgent: 1, routine: 2 };

/** @param {Alert} alert */
export const calling = (alert) => (alert.tracks ?? []).filter((/** @type {any} */ t) => t.state === "calling");
/** @param {Alert} alert */
export const claimed = (alert) => (alert.tracks ?? []).filter((/** @type {any} */ t) => t.state === "claimed");
/** Somebody must still take it.
 * @param {Alert} alert */
export const unclaimed = (alert) => calling(alert).length > 0 || claimed(alert).length === 0;
/** A severity that this page knows.
 * @param {Alert} alert @returns {"critical" | "urgent" | "routine"} */
export const severity = (alert) => (alert.severity in RANK ? alert.severity : "urgent");

/** Address as people say it.
 * @param {Alert} alert @returns {string} */
export function where(alert) {
  const address = alert.home?.address;
  if (!alert.home && alert.device?.id?.startsWith("call-")) return say("board.by_phone");
  if (!alert.home) return say("board.unknown_home", { device: alert.device?.id ?? "" });
  if (typeof address === "string") return address;
  const parts = ["road", "lane", "estate", "building", "unit", "room"].map((k) => address?.[k]).filter(Boolean);
  return address?.text ?? (parts.join("") || alert.home.id);
}

/** Years lived, or null.
 * @param {{age?: number, birth?: string}} person @param {number} now */
export function age(person, now) {
  if (person.age != null) return person.age;
  const born = /^(\d{4})-(\d\d)-(\d\d)/.exec(person.birth ?? "");
  if (!born) return null;
  const today = clock(now);
  return Number(today.slice(0, 4)) - Number(born[1]) - (today.slice(5, 10) < `${born[2]}-${born[3]}` ? 1 : 0);
}

/** @param {Alert} alert @param {number} now */
export function people(alert, now) {
  const one = (/** @type {any} */ p) => (age(p, now) === null ? p.name : `${p.name} ${say("board.age", { age: age(p, now) })}`);
  return (alert.residents ?? []).map(one).join(say("site.comma"));
}

/** @param {Alert} alert */
export function flags(alert) {
  const found = [];
  if (alert.cancel_requested) found.push(say("board.cancel"));
  if (alert.late) found.push(say("board.late"));
  if (alert.signals > 1) found.push(say("board.signals", { n: alert.signals }));
  return found.join(" · ");
}

/** Who was asked, when only the tracks tell (polling).
 * @param {Alert} alert */
function called(alert) {
  const roles = calling(alert).flatMap((/** @type {any} */ t) => (t.called ?? []).map((/** @type {any} */ c) => named("role", c.role)));
  return roles.length ? say("board.contacted_roles", { roles: [...new Set(roles)].join(say("site.comma")) }) : say("board.contacted_nobody");
}

/** Who was asked last and what came of it; who has it.
 * @param {Alert} alert */
export function calls(alert) {
  const offered = (/** @type {any} */ t) => (t.offer ? ` · ${say("board.offered", { to: t.offer.name ?? t.offer.to })}` : "");
  const held = claimed(alert).map((/** @type {any} */ t) => say("board.held", { name: t.claimant?.name ?? "" }) + offered(t));
  const waiting = calling(alert).map((/** @type {any} */ t) => named("role", t.name));
  const still = waiting.length ? [say("board.still_calling", { roles: waiting.join(say("site.comma")) })] : [];
  if (held.length) return [...still, ...new Set(held)].join(" · "); // who is missing first: a long line is cut at its end
  const last = alert.last_contact;
  if (!last) return called(alert);
  const who = last.name ?? named("role", last.role);
  return say("board.contacted", { who, channel: named("channel", last.channel), status: named("status", last.status) });
}

/** The next thing that happens by itself, and when.
 * @param {Alert} alert @param {number} now @returns {{at: number, who: string}} */
export function next(alert, now) {
  const at = (/** @type {any} */ t) => Date.parse(t.state === "calling" ? t.next_at : t.claim_until) || Infinity;
  const tracks = unclaimed(alert) ? calling(alert) : claimed(alert);
  const first = tracks.sort((/** @type {any} */ a, /** @type {any} */ b) => at(a) - at(b))[0];
  if (!first) return { at: Infinity, who: "" };
  if (first.state === "claimed") return { at: at(first), who: say("board.progress_by", { name: first.claimant?.name ?? "" }) };
  if (at(first) <= now) return { at: at(first), who: say("board.next_now", { role: named("role", first.next_role ?? first.name) }) };
  return { at: at(first), who: first.next_role ? say("board.next", { role: named("role", first.next_role) }) : say("board.everybody") };
}

/** Unclaimed before claimed, real before drill, worse before milder, longer waiting first.
 * @param {Alert} a @param {Alert} b */
export function order(a, b) {
  const rank = (/** @type {Alert} */ x) => (unclaimed(x) ? 0 : 100) + (x.drill ? 10 : 0) + RANK[severity(x)];
  return rank(a) - rank(b) || Date.parse(a.raised_at) - Date.parse(b.raised_at) || (a.id < b.id ? -1 : 1);
}
