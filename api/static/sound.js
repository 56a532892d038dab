// @ts-check
/** What the desk hears: an unclaimed alert, a claim about to run out, a stale screen. */

/** @type {Record<string, number[][]>} tones of each pattern: [Hz, start s, length s] */
const PATTERNS = {
  critical: [[988, 0, 0.14], [784, 0.16, 0.14], [988, 0.32, 0.14], [784, 0.48, 0.14]],
  urgent: [[784, 0, 0.18], [988, 0.22, 0.18]],
  routine: [[659, 0, 0.2]],
  lease: [[523, 0, 0.12], [523, 0.2, 0.12]],
  stale: [[440, 0, 0.3], [330, 0.32, 0.3], [247, 0.64, 0.4]],
};

export class Sound extends EventTarget {
  constructor() {
    super();
    this.context = new AudioContext();
    this.low = localStorage.getItem("anling-sound") === "low";
    this.playedAt = 0;
    this.context.onstatechange = () => this.dispatchEvent(new Event("state"));
    // The first press of anything on the page lets the browser make sounds.
    for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => this.arm());
    this.arm();
  }

  /** @returns {"on" | "low" | "blocked"} */
  get state() { return this.context.state !== "running" ? "blocked" : this.low ? "low" : "on"; }

  arm() { if (this.context.state !== "running") this.context.resume().catch(() => this.dispatchEvent(new Event("state"))); }

  /** Lower or not; never silent. */
  toggle() {
    this.low = !this.low;
    localStorage.setItem("anling-sound", this.low ? "low" : "on");
    this.play("routine");
    this.dispatchEvent(new Event("state"));
  }

  /** Play a pattern, at most every `gap` ms.
   * @param {string} name @param {number} [gap] */
  repeat(name, gap = 0) {
    if (performance.now() - this.playedAt >= gap) this.play(name);
  }

  /** @param {string} name */
  play(name) {
    if (this.context.state !== "running") return;
    this.playedAt = performance.now();
    for (const [hz, start, length] of PATTERNS[name]) this.tone(hz, start, length);
  }

  /** @param {number} hz @param {number} start @param {number} length */
  tone(hz, start, length) {
    const at = this.context.currentTime + start;
    const source = new OscillatorNode(this.context, { frequency: hz, type: "triangle" });
    const gain = new GainNode(this.context, { gain: 0 });
    gain.gain.linearRampToValueAtTime(this.low ? 0.12 : 0.5, at + 0.015);
    gain.gain.setValueAtTime(this.low ? 0.12 : 0.5, at + length - 0.03);
    gain.gain.linearRampToValueAtTime(0, at + length);
    source.connect(gain).connect(this.context.destination);
    source.start(at);
    source.stop(at + length);
  }
}
