// @ts-check
/** Somebody telephones: what was written down stays until the server has raised the alert. */
import "./page.js";
import { Sending } from "./sending.js";

// what is refused is said above the forms; they stay as they were filled in
new Sending(/** @type {HTMLElement} */ (document.getElementById("main")), () => { /* nothing to take over */ });
