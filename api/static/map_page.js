// @ts-check
/** The map page: what the server drew becomes a map that can be moved; the drawing stays where Leaflet cannot run. */
import "./page.js";
import { setup } from "./live.js";
import { Ground } from "./map.js";

const place = document.getElementById("map");
const given = /** @type {{map: import("./map.js").Told, dots: Record<string, [number, number][]>}} */ (/** @type {any} */ (setup()));

/** @param {Element} link @returns {import("./map.js").Pin} */
function pinOf(link) {
  const { at = "", state = "", word = "" } = /** @type {SVGElement} */ (link).dataset;
  const [lat, lon] = at.split(",").map(Number);
  return { id: link.getAttribute("href") ?? "", at: [lat, lon], state, word, name: link.querySelector("title")?.textContent ?? "" };
}

if (place) {
  const pins = [...place.querySelectorAll("a[data-at]")].map(pinOf);
  place.classList.add("live");
  const ground = await Ground.in(place, given.map, { keyboard: true, click: (href) => location.assign(href) });
  if (ground) {
    for (const [state, dots] of Object.entries(given.dots)) ground.dots(dots, state);
    ground.draw(pins);
  } else place.classList.remove("live");
}
