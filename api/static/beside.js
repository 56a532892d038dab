// @ts-check
/** Tasks and closed alerts beside the rows: fetched from the server as they are, never guessed here. */
import { within } from "./live.js";

const EVERY = 10_000;
const COUNTS = ["waiting", "count", "unprotected", "gaps"];

export class Beside {
  constructor() {
    this.place = /** @type {HTMLElement} */ (document.getElementById("aside"));
    this.at = performance.now();
    this.wanted = false;
    this.fetching = false;
  }

  /** Something was closed or done: look soon. */
  want() { this.wanted = true; }

  /** Called four times a second. */
  beat() {
    const due = performance.now() - this.at > (this.wanted ? 500 : EVERY);
    if (!due || this.fetching || document.querySelector("dialog[open]")) return;
    this.fetching = true;
    this.at = performance.now();
    this.wanted = false;
    this.fetch().catch(() => { this.wanted = true; }).finally(() => { this.fetching = false; });
  }

  async fetch() {
    const answer = await fetch("/board/aside", { signal: within(5000) });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
    if (this.place.contains(document.activeElement) || fresh.innerHTML === this.place.innerHTML) return;
    this.place.replaceChildren(...fresh.childNodes);
    this.count();
  }

  count() {
    const data = /** @type {HTMLElement} */ (document.getElementById("closed")).dataset;
    for (const name of COUNTS) {
      const shown = /** @type {HTMLElement} */ (document.getElementById(`count-${name === "count" ? "closed" : name}`));
      shown.textContent = data[name] ?? "0";
      shown.parentElement?.classList.toggle("some", Number(data[name]) > 0);
    }
  }
}
