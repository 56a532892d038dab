// @ts-check
/** What the server draws anew is taken over piece by piece: what is typed, opened or focused stays as it is. */

/** Makes `mine` what `fresh` is. Elements that are in both stay the same elements, so nothing loses the keyboard.
 * @param {Element} mine @param {Element} fresh */
export function take(mine, fresh) {
  attributes(mine, fresh);
  if (mine instanceof HTMLTextAreaElement) return; // what is typed belongs to who types it
  if (mine instanceof HTMLSelectElement && (mine === document.activeElement || mine.value !== "")) return;
  drop(mine, fresh);
  let at = mine.firstChild;
  for (const one of [...fresh.childNodes]) {
    if (one instanceof Element) at = element(mine, one, at);
    else if (at && !(at instanceof Element)) at = text(at, one);
    else mine.insertBefore(one, at);
  }
  while (at) {
    const next = at.nextSibling;
    if (!(at instanceof Element)) at.remove();
    at = next;
  }
}

/** Text never moves an element: what is focused would lose the keyboard.
 * @param {ChildNode} at @param {ChildNode} one */
function text(at, one) {
  if (at.nodeValue !== one.nodeValue) at.nodeValue = one.nodeValue;
  return at.nextSibling;
}

/** Puts one element at its place; returns what stands behind it.
 * @param {Element} mine @param {Element} one @param {ChildNode | null} at */
function element(mine, one, at) {
  while (at && !(at instanceof Element)) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
  let found = /** @type {Element | null} */ (at);
  while (found && key(found) !== key(one)) found = found.nextElementSibling;
  if (!found) mine.insertBefore(one, at);
  else if (found !== at) mine.insertBefore(found, at);
  if (found) take(found, one);
  return found === at && at ? at.nextSibling : at;
}

/** Whether somebody has written in it, or asked to see it.
 * @param {Element} node */
function inUse(node) {
  const written = [...node.querySelectorAll("textarea")].some((area) => area.value.trim() !== "");
  return written || node.matches(".revealed") || node.querySelector(".revealed") !== null;
}

/** A form is known by what it does and to whom, anything else by its name or its sort.
 * @param {Element} node */
function key(node) {
  const hidden = node.matches("form, details") ? [...node.querySelectorAll("input[type=hidden]")].map((one) => /** @type {HTMLInputElement} */ (one).value) : [];
  return [node.nodeName, node.id, node.getAttribute("action"), ...hidden].join(" ");
}

/** Takes away what is no longer there.
 * @param {Element} mine @param {Element} fresh */
function drop(mine, fresh) {
  /** @type {Map<string, number>} */
  const wanted = new Map();
  for (const one of fresh.children) wanted.set(key(one), (wanted.get(key(one)) ?? 0) + 1);
  for (const old of [...mine.children]) {
    const left = wanted.get(key(old)) ?? 0;
    if (left > 0) wanted.set(key(old), left - 1);
    else if (!inUse(old)) old.remove();
  }
}

/** What a reader has folded out stays folded out.
 * @param {Element} mine @param {Element} fresh */
function attributes(mine, fresh) {
  for (const { name } of [...mine.attributes]) {
    if (!fresh.hasAttribute(name) && !(name === "open" && mine instanceof HTMLDetailsElement)) mine.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (mine.getAttribute(name) !== value) mine.setAttribute(name, value);
  }
}
