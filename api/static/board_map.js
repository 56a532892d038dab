// @ts-check
/** The map beside the rows, on screens that have room for it: a pin for each row, the selected one in the middle. */
import { severity, unclaimed, where } from "./alerts.js";
import { named, say, setup } from "./live.js";
import { Ground } from "./map.js";

/** @typedef {import("./live.js").Alert} Alert */

const ROOM = "(min-width: 1366px)";

export class BoardMap {
  /** @param {(id: string) => void} click what a pin does */
  constructor(click) {
    this.section = /** @type {HTMLElement} */ (document.getElementById("spot"));
    this.place = /** @type {HTMLElement} */ (document.getElementById("map"));
    this.told = /** @type {import("./map.js").Told} */ (/** @type {any} */ (setup()).map);
    this.click = click;
    this.room = matchMedia(ROOM);
    /** @type {Ground | null} */
    this.ground = null;
    this.begun = false;
    /** @type {Alert[]} */
    this.alerts = [];
    /** @type {string | null} */
    this.chosen = null;
    this.due = false;
  }

  /** @param {Alert[]} alerts */
  follow(alerts) {
    this.alerts = alerts;
    this.due = true;
  }

  /** @param {string | null} id */
  choose(id) {
    this.chosen = id;
    this.beat();
    this.ground?.choose(id);
  }

  /** Four times a second: the pins are what the rows are. */
  beat() {
    if (!this.due || !this.room.matches) return;
    const pins = this.alerts.filter((alert) => alert.home?.spot).map(pinOf);
    if (!this.begun) return this.begin(pins.length > 0);
    if (!this.ground) return;
    this.due = false;
    this.ground.draw(pins);
  }

  /** The library is fetched once there is something to show.
   * @param {boolean} pins */
  begin(pins) {
    if (!pins && !this.told.tiles && !this.told.boundary) return;
    this.begun = true;
    this.section.hidden = false;
    Ground.in(this.place, this.told, { click: this.click }).then((ground) => {
      this.ground = ground;
      this.section.hidden = !ground;
      this.due = true;
      this.beat();
      ground?.choose(this.chosen);
    });
  }
}

/** @param {Alert} alert @returns {import("./map.js").Pin} */
function pinOf(alert) {
  const open = unclaimed(alert);
  const state = `${open ? "calling" : "claimed"} sev-${severity(alert)}${alert.drill ? " is-drill" : ""}`;
  const word = `${alert.drill ? `${say("board.drill")} ` : ""}${say(open ? "board.unclaimed" : "board.claimed")}`;
  return { id: alert.id, at: alert.home.spot, state, word, name: `${named("kind", alert.kind)} · ${where(alert)}` };
}
