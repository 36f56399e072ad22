// The documents that the page shows: those that it needs are read, and read again when something
// has changed, one round at a time.

import { get } from './api.js';

/** Documents of pages that were left are kept for the way back. */
const kept = 40;
/** Between two rounds, however much changes, in milliseconds. */
const pause = 1000;

/** What is known of one document. */
const unknown = Object.freeze({ value: null, error: null, at: null, isOld: true });

/** Reads documents, and keeps them. */
export class Store {
  #documents = new Map();
  #needed = [];
  #changed;
  #isReading = false;
  #isAsked = false;
  #timer = 0;
  #lastRound = 0;
  #abort = new AbortController();

  /** @param {function(Error?)} changed is told when a document came, or why it could not be had. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** What is known of a document: `value`, or `error`, or neither yet. */
  see(path) {
    return this.#documents.get(path) ?? unknown;
  }

  /** The value of a document; null where it is not known. */
  value(path) {
    return this.see(path).value;
  }

  /** When the oldest needed document was read, in milliseconds; null where one never was. */
  get asOf() {
    const times = this.#needed.map(path => this.see(path).at);
    return times.length === 0 || times.includes(null) ? null : Math.min(...times);
  }

  /** Says which documents are shown now; those that are not known are read at once. */
  need(paths) {
    const isNew = paths.some(path => !this.#needed.includes(path));
    this.#needed = paths;
    if (isNew) this.#read(paths.filter(path => this.see(path).isOld));
  }

  /** Those that are shown are others: what is known of them is to be looked at anew. */
  turn() {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#isReading = false;
    this.#needed = [];
    for (const [path, known] of this.#documents) {
      this.#documents.set(path, { ...known, isOld: true, error: null });
    }
    for (const path of [...this.#documents.keys()].slice(0, -kept)) this.#documents.delete(path);
  }

  /** Forgets all: it was shown to somebody else. */
  clear() {
    this.turn();
    this.#documents.clear();
  }

  /** Reads all that is shown again, soon, and once for all who ask meanwhile, if it is seen. */
  refreshSoon() {
    if (this.#timer) return;
    const wait = Math.max(0, pause - (Date.now() - this.#lastRound));
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      if (!document.hidden) this.refresh();
    }, wait);
  }

  /** Reads all that is shown again. */
  async refresh() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (this.#isReading) {
      this.#isAsked = true;
      return;
    }
    const turn = this.#abort;
    this.#isReading = true;
    this.#lastRound = Date.now();
    await this.#read(this.#needed);
    if (turn !== this.#abort) return;
    this.#isReading = false;
    if (!this.#isAsked) return;
    this.#isAsked = false;
    this.refreshSoon();
  }

  async #read(paths) {
    await Promise.all([...new Set(paths)].map(path => this.#readOne(path, this.#abort.signal)));
  }

  async #readOne(path, signal) {
    const before = this.see(path);
    this.#documents.delete(path);
    this.#documents.set(path, { ...before, isOld: false });
    try {
      const value = await get(path, signal);
      if (signal.aborted) return;
      this.#documents.set(path, { value, error: null, at: Date.now(), isOld: false });
    } catch (error) {
      if (signal.aborted) return;
      // What was read before stays, with its time.
      this.#documents.set(path, { ...this.see(path), error, isOld: false });
    }
    this.#changed(this.see(path).error);
  }
}
