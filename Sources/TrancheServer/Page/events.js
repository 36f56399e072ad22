// Server-sent events out of a stream of bytes. The browser's own EventSource hides the comments
// by which the server shows that it is there; without them a dead line looks like a quiet one.

/** Reads events. */
export class EventReader {
  #decoder = new TextDecoder();
  #rest = '';
  #data = [];
  #type = '';
  /** The id behind which a new stream goes on; null before the first. */
  lastID = null;
  /** How long to wait before a new stream, in milliseconds; null where nobody said. */
  retry = null;

  /**
   * Takes bytes.
   * @param {Uint8Array} bytes what came.
   * @returns {{type: string, data: string}[]} the events that are complete now.
   */
  take(bytes) {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r/);
    this.#rest = lines.pop();
    return lines.flatMap(line => this.#line(line));
  }

  #line(line) {
    if (line === '') return this.#end();
    if (line.startsWith(':')) return [];
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.#data.push(value);
    if (field === 'event') this.#type = value;
    if (field === 'id' && !value.includes('\0')) this.lastID = value;
    if (field === 'retry' && /^\d+$/.test(value)) this.retry = Number(value);
    return [];
  }

  #end() {
    const [data, type] = [this.#data, this.#type || 'message'];
    this.#data = [];
    this.#type = '';
    return data.length ? [{ type, data: data.join('\n') }] : [];
  }
}
