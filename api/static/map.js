// @ts-check
/** The map: Leaflet on the operator's own ground, or on plain paper. Pins tell by colour, shape and word how it stands. */
import { say } from "./live.js";

/** @typedef {{tiles: string, attribution: string, boundary: boolean}} Told what lies under the pins */
/** @typedef {{id: string, at: [number, number], state: string, word: string, name: string}} Pin */
/** @typedef {{marker: any, inner: HTMLElement, pin: Pin}} Drawn */

const FOLDER = "/static/leaflet/";
/** From so many pins on only their shapes are shown; the words come with the pointer or the keyboard. */
const MANY = 40;
const CLOSE = 17;

/** Leaflet, fetched when the first map is drawn; it brings its style along.
 * @returns {Promise<any>} */
async function library() {
  const known = /** @type {any} */ (window).L;
  if (known) return known;
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = `${FOLDER}leaflet.css`;
  const styled = new Promise((done, failed) => { sheet.onload = done; sheet.onerror = failed; });
  document.head.prepend(sheet); // before ours, which has the last word
  const script = `${FOLDER}leaflet.js`;
  await Promise.all([import(script), styled]);
  return /** @type {any} */ (window).L;
}

export class Ground {
  /** @param {any} L @param {HTMLElement} place @param {Told} told @param {{keyboard?: boolean, click?: (id: string) => void}} more */
  constructor(L, place, told, more) {
    this.L = L;
    this.place = place;
    this.click = more.click ?? (() => { /* nothing to open */ });
    /** @type {Map<string, Drawn>} */
    this.pins = new Map();
    /** @type {any} */
    this.edge = null;
    this.moved = false;
    this.seen = false;
    this.wide = true;
    this.tiled = told.tiles !== "";
    /** @type {[number, number][]} */
    this.spots = [];
    /** @type {any} what stands on the map without a name */
    this.quiet = null;
    place.replaceChildren();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map = L.map(place, {
      keyboard: more.keyboard ?? false, zoomControl: false, attributionControl: false, maxZoom: 19, zoomSnap: 0.5,
      zoomAnimation: !still, fadeAnimation: !still, markerZoomAnimation: !still,
    });
    L.control.zoom({ zoomInTitle: say("map.closer"), zoomOutTitle: say("map.farther") }).addTo(this.map);
    L.control.scale({ imperial: false, position: "topright" }).addTo(this.map);
    const said = document.createElement("span");
    said.textContent = told.attribution;
    if (told.attribution) L.control.attribution({ prefix: false }).addAttribution(said.innerHTML).addTo(this.map);
    if (told.tiles) L.tileLayer(told.tiles, { maxZoom: 19, maxNativeZoom: 18 }).addTo(this.map);
    this.map.on("dragstart zoomstart", (/** @type {any} */ event) => { if (event.type === "dragstart") this.moved = true; });
  }

  /** A map in this place, or null when it cannot be drawn: then what the server drew stays.
   * @param {HTMLElement} place @param {Told} told @param {{keyboard?: boolean, click?: (id: string) => void}} [more] */
  static async in(place, told, more = {}) {
    try {
      const ground = new Ground(await library(), place, told, more);
      if (told.boundary) await ground.bound();
      return ground;
    } catch {
      return null;
    }
  }

  async bound() {
    const answer = await fetch("/map/boundary");
    if (!answer.ok) return;
    this.edge = this.L.geoJSON(await answer.json(), { interactive: false, style: { className: "boundary" } }).addTo(this.map);
  }

  /** Exactly these pins, whatever was drawn before; the first ones of them are in view.
   * @param {Pin[]} pins @param {number} [shown] */
  draw(pins, shown = Infinity) {
    const wanted = new Set(pins.map((pin) => pin.id));
    let changed = false;
    this.wide = shown === Infinity;
    this.spots = pins.slice(0, shown).map((pin) => pin.at);
    if (!this.seen) this.all(); // a marker has no element before the map has a view
    if (!this.seen) return;
    for (const [id, { marker }] of this.pins) {
      if (wanted.has(id)) continue;
      marker.remove();
      this.pins.delete(id);
      changed = true;
    }
    for (const pin of pins) changed = this.put(pin) || changed;
    this.place.classList.toggle("many", pins.length > MANY);
    if (changed && !this.moved) this.all();
  }

  /** @param {Pin} pin @returns {boolean} whether it is new */
  put(pin) {
    const known = this.pins.get(pin.id);
    if (known && known.pin.state === pin.state && known.pin.word === pin.word && String(known.pin.at) === String(pin.at)) return false;
    if (known) {
      known.marker.setLatLng(pin.at);
      this.dress(known.inner, known.marker, pin);
      known.pin = pin;
      return false;
    }
    const inner = document.createElement("span");
    const icon = this.L.divIcon({ className: "pin-at", html: inner, iconSize: [0, 0] });
    const marker = this.L.marker(pin.at, { icon, keyboard: true, riseOnHover: true }).addTo(this.map);
    marker.on("click", () => this.click(pin.id));
    marker.on("keypress", (/** @type {any} */ event) => { if (event.originalEvent.key === "Enter") this.click(pin.id); });
    this.dress(inner, marker, pin);
    this.pins.set(pin.id, { marker, inner, pin });
    return true;
  }

  /** @param {HTMLElement} inner @param {any} marker @param {Pin} pin */
  dress(inner, marker, pin) {
    inner.className = `pin ${pin.state}${inner.classList.contains("chosen") ? " chosen" : ""}`;
    inner.textContent = pin.word;
    const element = /** @type {HTMLElement} */ (marker.getElement());
    element.title = pin.name;
    element.setAttribute("aria-label", `${pin.word} · ${pin.name}`);
    marker.setZIndexOffset(/calling|calls|home/.test(pin.state) ? 2000 : 0);
  }

  /** Many homes without names, all of one sort.
   * @param {[number, number][]} dots @param {string} state */
  dots(dots, state) {
    const renderer = this.L.canvas();
    const ink = document.createElement("span"); // a canvas knows no light-dark(): a colour that was worked out is read
    ink.className = `dot-ink ${state}`;
    this.place.append(ink);
    const color = getComputedStyle(ink).color;
    ink.remove();
    this.quiet ??= this.L.featureGroup().addTo(this.map);
    for (const one of dots) this.quiet.addLayer(this.L.circleMarker(one, { renderer, radius: 3, stroke: false, fillOpacity: 0.9, fillColor: color, interactive: false }));
  }

  /** Everything at once. */
  all() {
    const bounds = this.L.latLngBounds(this.spots);
    if (this.quiet) bounds.extend(this.quiet.getBounds());
    if (!this.tiled && this.wide && this.edge) bounds.extend(this.edge.getBounds()); // pins alone on plain paper would tell nothing
    const shown = bounds.isValid() ? bounds : this.edge?.getBounds();
    if (!shown?.isValid()) return;
    this.map.fitBounds(shown, { padding: [40, 40], maxZoom: CLOSE, animate: false });
    this.seen = true;
  }

  /** This one in the middle, and marked; null: none, and everything again.
   * @param {string | null} id */
  choose(id) {
    for (const [other, { inner, marker }] of this.pins) {
      inner.classList.toggle("chosen", other === id);
      if (other === id) marker.setZIndexOffset(4000);
      else if (inner.classList.contains("pin")) marker.setZIndexOffset(/calling|calls|home/.test(inner.className) ? 2000 : 0);
    }
    const found = id === null ? undefined : this.pins.get(id);
    if (!this.seen) return;
    const zoom = this.map.getZoom();
    if (found) this.map.setView(found.pin.at, this.tiled ? Math.max(zoom, CLOSE - 1) : zoom, { animate: false });
    else if (id === null && !this.moved) this.all();
  }
}
