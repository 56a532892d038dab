// @ts-check
/** What was typed and not yet sent outlives a reload and a log-in that ran out; it ends with the tab or its log-out. */
import { setup } from "./live.js";

/** The page that a log-in leads back to; a form's own answer may stand at another address. */
export const PAGE = document.getElementById("main")?.dataset.page ?? location.pathname;
const MINE = `draft ${setup().me ?? ""} ${PAGE}`;

/** @typedef {Record<string, Record<string, string>>} Written form -> field -> what is in it */

/** A form is known by what it does and to whom.
 * @param {HTMLFormElement} form */
function key(form) {
  const hidden = [...form.querySelectorAll("input[type=hidden]")].map((one) => /** @type {HTMLInputElement} */ (one).value);
  return [form.getAttribute("action"), ...hidden].join(" ");
}

/** @param {HTMLFormElement} form */
const fields = (form) => /** @type {(HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement)[]} */ ([...form.querySelectorAll("input:not([type=hidden]), textarea, select")]);

/** @returns {Written} */
function read() {
  try { return JSON.parse(sessionStorage.getItem(MINE) ?? "{}"); } catch { return {}; }
}

/** @param {Written} written @param {string} [page] */
function write(written, page = MINE) {
  if (Object.keys(written).length) sessionStorage.setItem(page, JSON.stringify(written));
  else sessionStorage.removeItem(page);
}

/** Keeps what is in this form now.
 * @param {HTMLFormElement} form */
function keep(form) {
  const filled = fields(form).filter((one) => one.name && one.value !== "");
  const { [key(form)]: _, ...others } = read();
  write(filled.length ? { ...others, [key(form)]: Object.fromEntries(filled.map((one) => [one.name, one.value])) } : others);
}

/** It has been recorded, or is not wanted any more.
 * @param {HTMLFormElement} form */
export function forget(form) {
  const { [key(form)]: _, ...others } = read();
  write(others);
}

/** Leaves what was written elsewhere for the form of another page.
 * @param {string} page its path @param {string} action @param {Record<string, string>} values */
export function leave(page, action, values) { write({ [action]: values }, `draft ${setup().me ?? ""} ${page}`); }

/** Fills in what was left behind, where nothing stands yet.
 * @returns {HTMLFormElement | null} the first form that got its words back */
export function restore() {
  const written = read();
  let first = null;
  for (const form of document.querySelectorAll("form")) {
    const known = written[key(form)];
    for (const one of known ? fields(form) : []) {
      if (one.value !== "" || !known[one.name]) continue;
      one.value = known[one.name];
      first ??= form;
    }
  }
  return first;
}

/** From now on whatever is typed here is kept; a log-out takes all of it away.
 * @param {HTMLElement} place */
export function watch(place) {
  place.addEventListener("input", (event) => {
    const form = /** @type {HTMLElement} */ (event.target).closest("form");
    if (form?.method === "post") keep(form);
  });
  document.addEventListener("submit", (event) => {
    if (/** @type {HTMLFormElement} */ (event.target).getAttribute("action") === "/logout") sessionStorage.clear();
  });
}
