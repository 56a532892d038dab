// @ts-check
/** Many at once: the picture by street and cause. It summarises the rows and never takes one away by itself (P29). */
import { order, severity, unclaimed } from "./alerts.js";
import { named, say, setup, span } from "./live.js";

/** @typedef {import("./live.js").Alert} Alert */

/** From so many unclaimed alerts on, the picture is shown. */
const MANY = 10;
/** The largest groups; a single alert is its own row and no picture. */
const SHOWN = 8;
const streets = /** @type {Record<string, string>} */ (/** @type {any} */ (setup()).streets ?? {});

export class Groups {
  /** @param {() => void} filtered what to do when another group was chosen */
  constructor(filtered) {
    this.section = /** @type {HTMLElement} */ (document.getElementById("groups"));
    this.list = /** @type {HTMLElement} */ (document.getElementById("group-list"));
    /** @type {string | null} */
    this.chosen = null;
    this.list.addEventListener("click", (event) => {
      const button = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest("button"));
      if (!button) return;
      this.chosen = button.dataset.group === this.chosen ? null : button.dataset.group ?? null;
      filtered();
    });
  }

  /** @param {Alert} alert */
  key(alert) { return `${alert.home?.street ?? ""}|${alert.kind}`; }

  /** Whether the row is in the chosen group.
   * @param {Alert} alert */
  shows(alert) { return this.chosen === null || this.key(alert) === this.chosen; }

  /** Somebody new called from outside the chosen group: show everybody again.
   * @param {Alert[]} fresh */
  widen(fresh) { if (fresh.some((a) => !this.shows(a))) this.chosen = null; }

  /** @param {Alert[]} alerts @param {number} now */
  draw(alerts, now) {
    const many = alerts.filter((a) => unclaimed(a) && !a.drill).length >= MANY;
    this.section.hidden = !many;
    if (!many) { this.chosen = null; return; }
    /** @type {Map<string, Alert[]>} */
    const groups = new Map();
    for (const alert of alerts) groups.set(this.key(alert), [...(groups.get(this.key(alert)) ?? []), alert]);
    const sorted = [...groups.entries()].filter(([, group]) => group.length > 1).sort((a, b) => b[1].filter(unclaimed).length - a[1].filter(unclaimed).length || (a[0] < b[0] ? -1 : 1)).slice(0, SHOWN);
    this.section.hidden = sorted.length === 0;
    if (!sorted.some(([key]) => key === this.chosen)) this.chosen = null;
    this.list.replaceChildren(...sorted.map(([key, group]) => this.button(key, group, now)));
  }

  /** @param {string} key @param {Alert[]} group @param {number} now */
  button(key, group, now) {
    const open = group.filter(unclaimed).sort(order);
    const button = document.createElement("button");
    const street = streets[key.split("|")[0]] ?? key.split("|")[0];
    const oldest = Math.min(...(open.length ? open : group).map((a) => Date.parse(a.raised_at)));
    button.type = "button";
    button.dataset.group = key;
    button.className = open.length ? `sev-${severity(open[0])}` : "held";
    button.setAttribute("aria-pressed", String(this.chosen === key));
    button.textContent = say("board.group", { street: street || say("site.district"), kind: named("kind", group[0].kind), n: group.length, open: open.length, oldest: span(now - oldest) });
    return button;
  }
}
