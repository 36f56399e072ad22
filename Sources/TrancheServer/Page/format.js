// Numbers, times and names as people read them. What is not known is a dash, never a zero.

export const dash = '–';

/** Keeps a number and its unit on one line. */
const gap = '\u00A0';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const exact = new Intl.NumberFormat('en', { maximumFractionDigits: 6 });
const three = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

const isKnown = value => value !== null && value !== undefined;

/** A number in full: `12,345`. */
export function number(value) {
  if (!isKnown(value)) return dash;
  return Number.isInteger(value) || typeof value === 'bigint'
    ? whole.format(value) : exact.format(value);
}

/** A number in a few characters: `842`, `12.3 k`, `4.56 M`. */
export function short(value) {
  if (!isKnown(value)) return dash;
  const size = Math.abs(Number(value));
  for (const [unit, name] of [[1e15, 'P'], [1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e4, 'k']]) {
    if (size < unit) continue;
    return `${three.format(Number(value) / (name === 'k' ? 1e3 : unit))}${gap}${name}`;
  }
  return size < 1000 ? three.format(Number(value)) : whole.format(Number(value));
}

/** A number with what it counts: `1 batch`, `12 batches`. */
export function count(value, one, many = `${one}s`) {
  return `${short(value)} ${value === 1 ? one : many}`;
}

/** An id, as it is copied. */
export const id = value => (isKnown(value) ? String(value) : dash);

/** A range of ids. */
export const range = (from, to) =>
  String(from) === String(to) ? id(from) : `${id(from)} … ${id(to)}`;

/** A time span in its two largest units: `12 s`, `1 h 12 min`. */
export function span(seconds) {
  if (!isKnown(seconds)) return dash;
  const all = Math.max(0, Number(seconds));
  if (all === 0) return `0${gap}s`;
  if (all < 1) return `${Math.max(1, Math.round(all * 1000))}${gap}ms`;
  if (all < 60) return `${all < 10 ? Math.round(all * 10) / 10 : Math.round(all)}${gap}s`;
  const minutes = Math.round(all / 60);
  if (minutes < 60) return `${minutes}${gap}min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return joined(hours, 'h', minutes % 60, 'min');
  return joined(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

const joined = (large, unit, small, smallUnit) =>
  [large, unit, ...(small ? [small, smallUnit] : [])].join(gap);

/** From the shortest to the longest: `10 min to 2 h`. */
export function between(low, high) {
  if (!isKnown(low) || !isKnown(high)) return dash;
  const [from, to] = [span(low), span(high)];
  return from === to ? from : `${from} to ${to}`;
}

/** How far the server's clock is before ours, in milliseconds. */
let skew = 0;

/** Tells what the server's clock says now, to the second; what is near enough stays. */
export function setClock(date) {
  if (Number.isFinite(date) && Math.abs(date - now()) > 2000) skew = date - Date.now();
}

/** The present by the server's clock. */
export const now = () => Date.now() + skew;

/** How long ago a time is, or how long until then: `3 min ago`, `in 5 s`. */
export function ago(text) {
  const time = Date.parse(text ?? '');
  if (Number.isNaN(time)) return dash;
  const seconds = (now() - time) / 1000;
  if (Math.abs(seconds) < 1.5) return 'now';
  return seconds < 0 ? `in ${span(Math.round(-seconds))}` : `${span(Math.round(seconds))} ago`;
}

/** How many seconds ago a time is; null where it is not known. */
export function age(text) {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? null : Math.max(0, (now() - time) / 1000);
}

const clockOnly = new Intl.DateTimeFormat('sv', { timeStyle: 'medium' });
const dayAndClock = new Intl.DateTimeFormat('sv', { dateStyle: 'short', timeStyle: 'medium' });

/** A time by the reader's clock; the day only where it is another than today. */
export function clock(text) {
  const date = new Date(text ?? '');
  if (Number.isNaN(date.getTime())) return dash;
  const isToday = date.toDateString() === new Date(now()).toDateString();
  return (isToday ? clockOnly : dayAndClock).format(date);
}

/** A share of 1 in percent; a whole is said only where nothing is missing. */
export function percent(share) {
  if (!isKnown(share)) return dash;
  if (share >= 1) return `100${gap}%`;
  const tenths = Math.floor(share * 1000) / 10;
  return `${tenths >= 10 ? Math.floor(tenths) : tenths}${gap}%`;
}

/** The name of a run; the incremental one has none. */
export const runName = run => (run ? run : 'incremental');

/** A word of a shell that is read as it stands. */
export const shell = text => /^[\w@%+=:,./-]+$/.test(text)
  ? text : `'${String(text).replaceAll("'", "'\\''")}'`;
