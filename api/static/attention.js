// @ts-check
/** What makes a person look up: sound that rises with age, a desktop notice, the number in the tab's title. */
import { calls, next, order, severity, unclaimed, where } from "./alerts.js";
import { named, say } from "./live.js";
import { Sound } from "./sound.js";

/** @typedef {import("./live.js").Alert} Alert */
/** @typedef {import("./live.js").Live} Live */

/** Milliseconds between two patterns, by severity. */
const GAPS = { critical: 2500, urgent: 5000, routine: 10_000 };
/** Seconds waited after which the pattern comes twice and four times as often. */
const RISES = [60, 120];
const LEASE_ENDS = 60_000;

export class Attention {
  /** @param {Live} live */
  constructor(live) {
    this.live = live;
    this.sound = new Sound();
    /** @type {Set<string>} unclaimed alerts that were told of */
    this.known = new Set();
    this.title = document.title;
    this.lamp = /** @type {HTMLElement} */ (document.getElementById("sound"));
    this.waiting = /** @type {HTMLElement} */ (document.getElementById("waiting"));
    this.lamp.addEventListener("click", () => this.press());
    this.sound.addEventListener("state", () => this.showLamp());
    live.addEventListener("alerts", () => this.look());
    live.addEventListener("beat", () => this.ring());
    this.alarm = /** @type {HTMLElement} */ (document.getElementById("alarm"));
    document.getElementById("alarm-seen")?.addEventListener("click", () => { this.alarm.dataset.seen = "yes"; });
    this.showLamp();
  }

  /** What ails the system itself fills the screen until somebody has seen it; then a bar stays until it is mended. */
  showAlarm() {
    if (!this.live.alarms.length) delete this.alarm.dataset.seen;
    this.alarm.hidden = !this.live.alarms.length;
  }

  /** The lamp is a button: it unblocks, lowers and raises; it never silences. */
  press() {
    if (this.sound.state === "blocked") this.sound.arm();
    else this.sound.toggle();
    if ("Notification" in window && Notification.permission === "default") Notification.requestPermission().catch(() => { /* the title still counts */ });
  }

  showLamp() {
    this.lamp.hidden = false;
    this.lamp.dataset.state = this.sound.state;
    this.lamp.textContent = `${say("board.sound")} ${say(`board.sound_${this.sound.state}`)}`;
  }

  /** @returns {Alert[]} what waits for somebody, the most urgent first */
  open() { return [...this.live.alerts.values()].filter(unclaimed).sort(order); }

  look() {
    const open = this.open();
    const real = open.filter((a) => !a.drill);
    const fresh = open.filter((a) => !this.known.has(a.id));
    this.known = new Set(open.map((a) => a.id));
    document.title = open.length ? `(${open.length}) ${say("board.unclaimed")} · ${say("site.name")}` : this.title;
    this.waiting.hidden = open.length === 0;
    this.waiting.textContent = `${say("board.unclaimed")} ${open.length}`;
    this.showReal(real[0]);
    if (fresh.length) {
      this.sound.play(severity(fresh[0]));
      this.notify(fresh);
    }
  }

  /** Who works on a drill is told, across the screen, that somebody really calls.
   * @param {Alert | undefined} real */
  showReal(real) {
    const known = document.getElementById("real-alert");
    const main = document.getElementById("main");
    if (!real || main?.dataset.drill !== "yes") return known?.remove();
    const link = /** @type {HTMLAnchorElement} */ (known ?? document.createElement("a"));
    link.id = "real-alert";
    link.className = "real-alert";
    link.setAttribute("role", "alert");
    link.href = `/alerts/${encodeURIComponent(real.id)}`;
    const text = `${say("board.real_waits")}${named("kind", real.kind)} · ${where(real)}`;
    if (link.textContent !== text) link.textContent = text;
    if (!known) main.before(link);
  }

  /** A notice on the desktop while another window is in front; no name, no illness: others see the desktop too.
   * @param {Alert[]} fresh */
  notify(fresh) {
    if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
    const first = fresh[0];
    const head = `${first.drill ? say("board.drill") + " " : ""}${named("kind", first.kind)} · ${named("severity", first.severity)}`;
    const notice = new Notification(head, { body: where(first), tag: first.id, requireInteraction: first.severity === "critical" });
    notice.onclick = () => { window.focus(); location.assign(`/alerts/${encodeURIComponent(first.id)}`); };
  }

  /** The loudest thing that is true decides. */
  ring() {
    this.showAlarm();
    const unseen = this.live.alarms.length > 0 && !this.alarm.dataset.seen;
    if (this.live.stale || unseen) return this.sound.repeat("stale", 3000);
    const now = this.live.now();
    const worst = this.open()[0];
    if (worst) return this.sound.repeat(severity(worst), gap(worst, now));
    const ends = [...this.live.alerts.values()].some((a) => next(a, now).at - now < LEASE_ENDS);
    if (ends) this.sound.repeat("lease", 10_000);
  }
}

/** How long until the pattern comes again: the longer somebody waits, the shorter.
 * @param {Alert} alert @param {number} now */
export function gap(alert, now) {
  const waited = (now - Date.parse(alert.raised_at)) / 1000;
  return Math.max(1200, GAPS[severity(alert)] / 2 ** RISES.filter((s) => waited > s).length);
}

/** One line about an alert, for the screen reader and the told line.
 * @param {Alert} alert */
export function told(alert) {
  return say("board.rung", { kind: named("kind", alert.kind), address: where(alert) }) + ` · ${calls(alert)}`;
}
