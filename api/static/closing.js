// @ts-check
/** The board's short form for closing: it stays open until the server has said "recorded". */
import { leave } from "./drafts.js";
import { say } from "./live.js";

/** @typedef {Record<string, string>} Filled outcome, cause, note */

export class Closing {
  /** @param {(id: string, filled: Filled) => Promise<string | null>} send closes it; why it is still open, or null */
  constructor(send) {
    this.dialog = /** @type {HTMLDialogElement} */ (document.getElementById("closing"));
    this.form = /** @type {HTMLFormElement} */ (this.dialog.querySelector("form"));
    this.why = /** @type {HTMLElement} */ (document.getElementById("closing-why"));
    this.send = send;
    this.form.addEventListener("submit", (event) => {
      if (/** @type {HTMLButtonElement | null} */ (event.submitter)?.value !== "close") return;
      event.preventDefault();
      this.close();
    });
  }

  get id() { return this.dialog.open ? this.dialog.dataset.id ?? "" : ""; }

  /** @param {string} id @param {string} what which one, in words */
  ask(id, what) {
    this.form.reset();
    this.tell("");
    /** @type {HTMLElement} */ (document.getElementById("closing-what")).textContent = what;
    this.dialog.dataset.id = id;
    this.dialog.showModal();
  }

  /** A second press while the first is on its way sends nothing. */
  async close() {
    if (this.form.hasAttribute("aria-busy")) return;
    this.form.setAttribute("aria-busy", "true");
    this.tell(say("board.sending"));
    const why = await this.send(this.id, this.filled());
    this.form.removeAttribute("aria-busy");
    if (why === null) this.dialog.close();
    else this.tell(why);
  }

  /** @returns {Filled} */
  filled() { return /** @type {Filled} */ (Object.fromEntries(new FormData(this.form))); }

  /** @param {string} why the alert is still open */
  tell(why) {
    this.why.textContent = why;
    this.why.hidden = why === "";
  }
}

/** The log-in has run out. What was written waits on the alert's own page.
 * @param {string} id @param {Filled} [filled] */
export function toLogin(id, filled) {
  const page = `/alerts/${encodeURIComponent(id)}`;
  if (filled) leave(page, `${page}/close`, filled);
  location.assign(`/login?next=${encodeURIComponent(filled ? page : location.pathname)}`);
}
