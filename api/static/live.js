// @ts-check
/** The connection that never lies: a snapshot, every change, a tick each second, or the word "stale". */

/** @typedef {{id: string, state: string, [key: string]: any}} Alert */
/** @typedef {{type: string, epoch: string, seq: number, server_time: string, alerts: Alert[], alarms?: string[]}} Message */

/** Milliseconds of silence after which the screen calls itself stale. */
export const SILENCE = 3000;
const POLL = 2000;

/** Ends a question to the server that has no answer after so many milliseconds.
 * @param {number} ms @returns {AbortSignal} */
export const within = (ms) => /** @type {any} */ (AbortSignal).timeout(ms);

export class Live extends EventTarget {
  constructor() {
    super();
    /** @type {Map<string, Alert>} */
    this.alerts = new Map();
    /** @type {string[]} what fills the screen */
    this.alarms = [];
    /** Server clock minus ours, in milliseconds. */
    this.offset = 0;
    /** @type {"live" | "polling" | "broken"} */
    this.line = "broken";
    this.stale = false;
    this.heardAt = performance.now();
    /** Wall clock at the last beat: the other clock stands still while the machine sleeps. */
    this.beatAt = Date.now();
    this.epoch = "";
    this.seq = -1;
    this.failures = 0;
    this.polling = false;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.retryAt = 0;
    this.polledAt = 0;
  }

  start() {
    // A worker's timer goes on in a hidden tab, where the page's own timers nearly stop.
    const pulse = new Worker("/static/pulse.js");
    pulse.onmessage = () => this.beat();
    document.addEventListener("visibilitychange", () => this.beat());
    window.addEventListener("online", () => { this.retryAt = 0; this.beat(); });
    this.connect();
  }

  /** @returns {number} the server's time, ms */
  now() { return Date.now() + this.offset; }

  get silence() { return performance.now() - this.heardAt; }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/live`);
    this.socket = socket;
    this.retryAt = performance.now() + 4000;
    socket.onmessage = (event) => { if (this.socket === socket) this.hear(JSON.parse(event.data)); };
    socket.onclose = () => { if (this.socket === socket) this.lost(); };
  }

  lost() {
    this.socket = null;
    this.failures += 1;
    this.retryAt = performance.now() + Math.min(250 * 2 ** this.failures, 1000) * (0.75 + Math.random() / 2);
    this.beat();
  }

  /** Start again from a new snapshot. */
  again() {
    const old = this.socket;
    this.socket = null;
    if (old) old.close();
    this.connect();
  }

  /** @param {Message} message */
  hear(message) {
    const whole = message.type === "snapshot";
    const due = message.type === "change" ? this.seq + 1 : this.seq;
    if (!whole && (message.epoch !== this.epoch || message.seq !== due)) return this.again();
    this.epoch = message.epoch;
    this.seq = message.seq;
    this.failures = 0;
    this.alarms = message.alarms ?? [];
    this.heard("live", Date.parse(message.server_time));
    if (whole) this.replace(message.alerts);
    else if (message.type === "change") this.change(message.alerts);
  }

  /** @param {"live" | "polling"} line @param {number} serverTime */
  heard(line, serverTime) {
    this.heardAt = performance.now();
    if (serverTime) this.offset = serverTime - Date.now();
    this.line = line;
    this.stale = false;
    this.tell("state");
  }

  /** @param {Alert[]} alerts */
  replace(alerts) {
    this.alerts = new Map(alerts.map((a) => [a.id, a]));
    this.tell("alerts", { whole: true });
  }

  /** @param {Alert[]} alerts */
  change(alerts) {
    for (const alert of alerts) {
      if (alert.state === "closed") this.alerts.delete(alert.id);
      else this.alerts.set(alert.id, alert);
    }
    this.tell("alerts", { whole: false });
  }

  /** Called four times a second: is the screen still true, and what can be done if not. */
  beat() {
    const now = performance.now();
    // it has slept: what is shown is old, and so is what waits in the line
    if (Date.now() - this.beatAt > SILENCE) this.heardAt = now - SILENCE - 1;
    this.beatAt = Date.now();
    const stale = this.silence > SILENCE;
    if (stale && !this.stale) {
      this.stale = true;
      this.line = "broken";
      if (this.socket && this.socket.readyState === WebSocket.OPEN) this.again();
    }
    if (!this.socket && now >= this.retryAt) this.connect();
    else if (this.socket && this.socket.readyState === WebSocket.CONNECTING && now > this.retryAt) this.again();
    if ((this.failures >= 2 || stale) && now - this.polledAt >= POLL) this.poll();
    this.tell("state");
    this.tell("beat");
  }

  /** While the socket cannot connect: the open alerts, every two seconds. */
  async poll() {
    if (this.polling) return;
    this.polling = true;
    this.polledAt = performance.now();
    try {
      const found = [];
      let cursor = "";
      let date = "";
      do {
        const answer = await fetch(`/api/v1/alerts?state=open&limit=500${cursor}`, { signal: within(3000) });
        if (answer.status === 401) this.end();
        if (!answer.ok) return;
        const body = await answer.json();
        found.push(...body.items);
        date = answer.headers.get("date") ?? "";
        cursor = body.next_cursor ? `&cursor=${encodeURIComponent(body.next_cursor)}` : "";
      } while (cursor);
      if (this.line === "live" && !this.stale) return; // the socket came back meanwhile
      this.heard("polling", Date.parse(date));
      this.replace(found);
    } catch { /* no answer: the silence goes on and the banner says so */ } finally { this.polling = false; }
  }

  /** The log-in has run out; a page with something half written may take it along first. */
  end() {
    if (this.dispatchEvent(new CustomEvent("ended", { cancelable: true }))) location.assign("/login?next=" + encodeURIComponent(location.pathname));
  }

  /** @param {string} type @param {object} [detail] */
  tell(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }
}

/** @returns {{lang: string, words: Record<string, string>, me?: string}} what the page was given */
export function setup() { return JSON.parse(document.getElementById("setup")?.textContent ?? "{}"); }

const words = setup().words ?? {};

/** A sentence with its values.
 * @param {string} key @param {Record<string, any>} [values] */
export function say(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? "—"));
}

/** The word for a code; the code itself when there is none.
 * @param {string} family @param {string} code */
export function named(family, code) { return words[`${family}.${code}`] ?? code ?? ""; }

/** `0:42`, `12:08`, `1:02:03`.
 * @param {number} ms */
export function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

const local = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai", dateStyle: "short", timeStyle: "medium" });

/** `2026-11-21 03:10:42` in Shanghai.
 * @param {number | string} at */
export function clock(at) { return local.format(new Date(at)); }

/** Banner, line lamp and clock, the same on every page.
 * @param {Live} live */
export function showState(live) {
  const stale = /** @type {HTMLElement} */ (document.getElementById("stale"));
  const line = /** @type {HTMLElement} */ (document.getElementById("line"));
  const time = /** @type {HTMLElement} */ (document.getElementById("clock"));
  live.addEventListener("state", () => {
    stale.hidden = !live.stale;
    document.body.classList.toggle("is-stale", live.stale);
    const more = /** @type {HTMLElement} */ (document.getElementById("stale-more"));
    if (live.stale) more.textContent = say("board.stale_more", { seconds: Math.floor(live.silence / 1000) });
    line.dataset.state = live.line;
    line.textContent = `${say("board.line")} ${say(`board.line_${live.line}`)}`;
    if (!live.stale) time.textContent = clock(live.now());
  });
}
