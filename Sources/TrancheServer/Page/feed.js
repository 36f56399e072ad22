// The feed: what the server says by itself, for as long as somebody looks.

import { Refusal, stream } from './api.js';
import { EventReader } from './events.js';

/** Longer without a byte than this is a dead line: the server comments each 15 s. */
const silence = 40_000;
/** From then on the page says that what it shows is old. */
const lostAfter = 10_000;
const waits = [500, 1000, 2000, 4000, 8000, 15_000];

/**
 * Follows the server's events, and says how the line is: `connecting`, `live`, `reconnecting`
 * since a time, `lost` since a time, or `resting` while nobody looks.
 */
export class Feed {
  #heard;
  #changed;
  #abort = null;
  #lastID = null;
  #failures = 0;
  #timers = { retry: 0, lost: 0, silence: 0 };

  state = 'connecting';
  /** Since when there is no line, in milliseconds; null while there is one. */
  since = null;

  /**
   * @param {function(object)} heard takes each event.
   * @param {function(boolean)} changed is told of a new state, and whether events may have been
   *   missed meanwhile.
   */
  constructor(heard, changed) {
    this.#heard = heard;
    this.#changed = changed;
    document.addEventListener('visibilitychange', () => this.#look());
    addEventListener('online', () => this.retryNow());
  }

  /** Begins; a page that nobody sees waits until somebody does. */
  start() {
    if (document.hidden) this.#become('resting');
    else this.#connect();
  }

  /** Ends it: nothing is said any more. */
  stop() {
    this.#end();
    this.#become('resting');
  }

  /** Tries again at once. */
  retryNow() {
    if (this.state === 'live' || this.state === 'resting') return;
    this.#connect();
  }

  #look() {
    if (document.hidden) {
      this.stop();
    } else if (this.state === 'resting') {
      this.since = null;
      this.#become('connecting');
      this.#connect();
    }
  }

  #end() {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#abort?.abort();
    this.#abort = null;
  }

  #become(state, mayHaveMissed = false) {
    if (state === 'live') this.since = null;
    if (this.state === state && !mayHaveMissed) return;
    this.state = state;
    this.#changed(mayHaveMissed);
  }

  async #connect() {
    this.#end();
    if (this.since !== null) this.#watchLoss();
    const abort = new AbortController();
    this.#abort = abort;
    try {
      this.#listen(abort);
      const reader = await stream(this.#lastID, abort.signal);
      this.#failures = 0;
      clearTimeout(this.#timers.lost);
      // What happened between two lines is read anew: documents are the truth, events a hint.
      this.#become('live', true);
      await this.#follow(reader, abort);
      this.#fail(abort);
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) return this.#refuse(abort);
      this.#fail(abort);
    }
  }

  async #follow(reader, abort) {
    const events = new EventReader();
    events.lastID = this.#lastID;
    for (;;) {
      const { value, done } = await reader.read();
      if (done || abort.signal.aborted) return;
      this.#listen(abort);
      for (const event of events.take(value)) this.#heard(event);
      this.#lastID = events.lastID;
    }
  }

  /** Gives the line another while to say something. */
  #listen(abort) {
    clearTimeout(this.#timers.silence);
    this.#timers.silence = setTimeout(() => {
      abort.abort();
      this.#fail(abort);
    }, silence);
  }

  #refuse(abort) {
    if (this.#abort !== abort) return;
    this.#end();
    this.#become('refused');
  }

  #fail(abort) {
    if (this.#abort !== abort) return;
    this.#end();
    this.since ??= Date.now();
    const wait = waits[Math.min(this.#failures, waits.length - 1)];
    this.#failures += 1;
    if (Date.now() - this.since >= lostAfter) this.#become('lost');
    else this.#become('reconnecting');
    this.#watchLoss();
    // Not all pages at once, when a server is back.
    this.#timers.retry = setTimeout(() => this.#connect(), wait * (0.75 + Math.random() / 2));
  }

  #watchLoss() {
    const left = Math.max(0, lostAfter - (Date.now() - this.since));
    this.#timers.lost = setTimeout(() => this.#become('lost'), left);
  }
}
