// @ts-check
/** A form is sent without leaving the page: until the server has said "recorded", everything typed stays where it is. */
import { PAGE, forget, restore, watch } from "./drafts.js";
import { clock, say, within } from "./live.js";

/** Milliseconds after which the server is taken not to answer; a slow line needs some of them. */
const PATIENCE = 20_000;

export class Sending {
  /** @param {HTMLElement} place where the forms are @param {(page: Document, form: HTMLFormElement) => void} taken what to do with the page that came back */
  constructor(place, taken) {
    this.place = place;
    this.taken = taken;
    /** @type {HTMLFormElement | null} the one on its way: a second press of anything sends nothing */
    this.under_way = null;
    this.told = document.createElement("p");
    this.told.className = "told sent";
    this.told.id = "sent";
    this.told.setAttribute("role", "status");
    this.told.hidden = true;
    this.told.addEventListener("click", () => this.tell(""));
    place.before(this.told);
    document.addEventListener("submit", (event) => this.caught(/** @type {SubmitEvent} */ (event)));
    watch(place);
    const found = restore();
    if (!found) return;
    this.tell(say("board.kept"), true);
    found.scrollIntoView({ block: "center" });
  }

  /** @param {string} text @param {boolean} [bad] */
  tell(text, bad = false) {
    this.told.textContent = text;
    this.told.classList.toggle("bad", bad);
    this.told.hidden = text === "";
    this.at = performance.now();
  }

  /** What went well is not said for ever. */
  beat() {
    if (!this.told.hidden && !this.under_way && !this.told.classList.contains("bad") && performance.now() - (this.at ?? 0) > 6000) this.tell("");
  }

  /** @param {SubmitEvent} event */
  caught(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (event.defaultPrevented || form.method !== "post" || form.dataset.plain || !this.place.contains(form)) return;
    event.preventDefault();
    if (this.under_way) return;
    this.under_way = form;
    this.send(form, /** @type {HTMLButtonElement | null} */ (event.submitter)).finally(() => {
      this.under_way = null;
      form.removeAttribute("aria-busy");
    });
  }

  /** @param {HTMLFormElement} form @param {HTMLButtonElement | null} button */
  async send(form, button) {
    const action = button?.getAttribute("formaction") ?? form.getAttribute("action") ?? "";
    const what = (form.closest("details")?.querySelector("summary") ?? button)?.firstChild?.textContent?.trim() ?? "";
    const sent = /** @type {any} */ (new FormData(form));
    if (button?.name) sent.append(button.name, button.value);
    form.setAttribute("aria-busy", "true");
    this.tell(say("board.sending"));
    try {
      const answer = await fetch(action, { method: "POST", body: new URLSearchParams(sent), headers: { Accept: "text/html" }, signal: within(PATIENCE) });
      const text = await answer.text();
      this.heard(answer, new DOMParser().parseFromString(text, "text/html"), form, what);
    } catch {
      this.tell(say("board.unanswered"), true);
    }
  }

  /** @param {Response} answer @param {Document} page @param {HTMLFormElement} form @param {string} what */
  heard(answer, page, form, what) {
    const { pathname, search } = new URL(answer.url);
    if (pathname === "/login") return location.assign(`/login?next=${encodeURIComponent(PAGE)}`); // the words wait
    const wrong = page.querySelector(".told.bad[role=alert]");
    if (!answer.ok) {
      if (page.getElementById("main")) this.taken(page, form);
      const why = wrong?.textContent ?? say("board.unanswered");
      return this.tell(answer.status === 409 ? say("board.failed", { why }) : why, true);
    }
    forget(form);
    if (answer.redirected && pathname !== PAGE) return location.assign(pathname + search);
    form.reset();
    if (search) history.replaceState(null, "", pathname + search);
    this.taken(page, form);
    this.tell(say("board.done", { what: `${what} · ${clock(Date.now()).slice(11)}` }));
  }
}
