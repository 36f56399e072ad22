// JSON with integers of any size. A browser's numbers are exact up to 2^53 only; an id is any
// integer of 64 bits. What is larger becomes a BigInt, and is written as the number it was.

/** Stands for a large integer between the two steps of reading; no text of others can hold it. */
const mark = `big:${crypto.getRandomValues(new Uint32Array(4)).join('-')}:`;

const isDigit = code => code >= 48 && code <= 57;
/** A digit, or one of `.`, `e`, `E`, `+`, `-`. */
const isNumeric = code => isDigit(code) || [46, 101, 69, 43, 45].includes(code);
const isLarge = token => /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token));

/** The place behind the string that begins at a place. */
function endOfString(text, start) {
  let place = start + 1;
  while (place < text.length && text.charCodeAt(place) !== 34) {
    place += text.charCodeAt(place) === 92 ? 2 : 1;
  }
  return place + 1;
}

/** The text with each large integer as a marked string. */
function quoted(text) {
  let result = '', taken = 0, place = 0;
  while (place < text.length) {
    const code = text.charCodeAt(place);
    if (code === 34) {
      place = endOfString(text, place);
    } else if (code === 45 || isDigit(code)) {
      const start = place;
      while (place < text.length && isNumeric(text.charCodeAt(place))) place += 1;
      const token = text.slice(start, place);
      if (!isLarge(token)) continue;
      result += `${text.slice(taken, start)}"${mark}${token}"`;
      taken = place;
    } else {
      place += 1;
    }
  }
  return result + text.slice(taken);
}

/**
 * Reads JSON.
 * @param {string} text one document.
 * @returns {*} its value, with a BigInt for each integer that a number cannot hold.
 * @throws {SyntaxError} where it is no JSON.
 */
export function parse(text) {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(quoted(text), (_, value) =>
    typeof value === 'string' && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value);
}

/**
 * Writes JSON.
 * @param {*} value what `parse` gives; members without a value are left out.
 * @returns {string} one document.
 * @throws {TypeError} for a number that is not finite, which JSON has no spelling for.
 */
export function stringify(value) {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TypeError(`${value} cannot be sent: it is not a finite number`);
  }
  if (Array.isArray(value)) return `[${value.map(each => stringify(each ?? null)).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value).filter(([, each]) => each !== undefined);
    return `{${members.map(([key, each]) => `${JSON.stringify(key)}:${stringify(each)}`)
      .join(',')}}`;
  }
  return JSON.stringify(value);
}

/**
 * Reads an integer that somebody typed.
 * @param {string} text such as `12`, `-7`, `1,234,567`, `9007199254740993`.
 * @returns {number|bigint|null} null where it is none, or has more than 64 bits; where a comma does
 *   not part thousands, too, as it stands for a point then.
 */
export function integer(text) {
  const words = text.replaceAll(/[\s_]/g, '');
  if (words.includes(',') && !/^-?\d{1,3}(,\d{3})+$/.test(words)) return null;
  const digits = words.replaceAll(',', '');
  if (!/^-?\d{1,19}$/.test(digits)) return null;
  const exact = BigInt(digits);
  if (BigInt.asIntN(64, exact) !== exact) return null;
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
}

/**
 * Reads a number that somebody typed.
 * @param {string} text such as `0.5`, `1e6`, and what `integer` takes.
 * @returns {number|bigint|null} null where it is none, or is not finite.
 */
export function decimal(text) {
  const whole = integer(text);
  if (whole !== null) return whole;
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text.trim())) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

/** Where an id lies between two others, from 0 to 1; exact where numbers are not. */
export function place(id, from, to) {
  const span = BigInt(to) - BigInt(from) + 1n;
  const share = Number((BigInt(id) - BigInt(from)) * 1_000_000n / (span > 0n ? span : 1n)) / 1e6;
  return Math.min(Math.max(share, 0), 1);
}

/** The id behind another. */
export const next = id => BigInt(id) + 1n;
