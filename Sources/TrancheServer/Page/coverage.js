// What has become of a run's ids, as a bar.

import { place } from './bignum.js';
import { h } from './dom.js';
import * as format from './format.js';

/** What a part of a coverage bar says of its ids. */
const pieceWords = {
  done: 'done', running: 'in flight', retrying: 'to be tried again',
  released: 'given back', failed: 'failed', quarantined: 'quarantined', gap: 'gap, may still fill',
  waiting: 'not handed out yet',
};

/** Those that are seen however small they are, on top of the others. */
const loud = ['running', 'released', 'retrying', 'gap', 'quarantined', 'failed'];

/** What has become of a run's ids, as a bar; on its own page each stretch tells what it is. */
export function coverage(document, options = {}) {
  if (!document?.pieces?.length) return h('span', { class: 'bar none' });
  const { from, to, pieces } = document;
  const ordered = pieces.filter(piece => piece.status !== 'waiting').flatMap(inDone)
    .sort((a, b) => loud.indexOf(a.status) - loud.indexOf(b.status));
  return h('svg', {
    class: 'bar', viewBox: '0 0 1000 16', preserveAspectRatio: 'none', role: 'img',
    'aria-label': coverageWords(document),
  }, h('rect', { class: 'waiting', x: 0, y: 0, width: 1000, height: 16 }),
  options.isLarge ? ordered.map(piece => stretch(piece, from, to))
    : [...Map.groupBy(ordered, piece => piece.status)].map(([status, some]) =>
      h('path', { class: status, d: some.map(piece => outline(piece, from, to)).join('') })),
  sourceEnd(document));
}

/** A gap stands in the lower half, in what is done around it. */
const inDone = piece => (piece.status === 'gap' ? [{ ...piece, status: 'done' }, piece] : [piece]);

const top = piece => (piece.status === 'gap' ? 8 : 0);

/** A mark where the source ends, in a run that is to go on behind it. */
function sourceEnd({ from, to, source_end: end }) {
  if (end === null || end === undefined || BigInt(end) >= BigInt(to)) return null;
  const x = (place(BigInt(end) + 1n, from, to) * 1000).toFixed(2);
  return h('rect', { class: 'end', x, y: 0, width: 3, height: 16 },
    h('title', null, `the source ends at ${format.id(end)}`));
}

/** Where a stretch is drawn, in thousandths of the bar. */
function extent(piece, from, to) {
  const start = place(piece.from, from, to) * 1000;
  const end = place(BigInt(piece.to) + 1n, from, to) * 1000;
  const width = Math.max(end - start, loud.includes(piece.status) ? 5 : 0);
  return { x: Math.min(start, 1000 - width).toFixed(2), width: width.toFixed(2) };
}

function outline(piece, from, to) {
  const { x, width } = extent(piece, from, to);
  return `M${x} ${top(piece)}h${width}V16h-${width}z`;
}

const stretch = (piece, from, to) => h('rect', {
  class: piece.status, y: top(piece), height: 16 - top(piece), ...extent(piece, from, to),
}, h('title', null, `${pieceWords[piece.status] ?? piece.status}: `
  + `ids ${format.range(piece.from, piece.to)}`));

/** The share of the ids that is done, of 1. */
export function done(document) {
  const pieces = document?.pieces;
  if (!pieces?.length) return null;
  const size = piece => BigInt(piece.to) - BigInt(piece.from) + 1n;
  const sum = some => some.reduce((all, piece) => all + size(piece), 0n);
  const all = sum(pieces);
  const part = sum(pieces.filter(piece => piece.status === 'done'));
  return all === part ? 1 : Math.min(Number(part * 10_000n / all) / 10_000, 0.999);
}

function coverageWords({ pieces, from, to }) {
  const numbers = new Map();
  for (const { status } of pieces) numbers.set(status, (numbers.get(status) ?? 0) + 1);
  const rest = loud.filter(status => numbers.has(status)).map(status =>
    `${numbers.get(status)} × ${pieceWords[status]}`);
  const first = `ids ${format.range(from, to)}: ${format.percent(done({ pieces }))} done`;
  return [first, ...rest].join(', ');
}

/** What the colours of coverage bars say. */
export const legend = document => h('ul', { class: 'legend' },
  [...new Set(['done', 'waiting', ...(document?.pieces ?? []).map(piece => piece.status)])]
    .map(status => h('li', { key: status },
      h('span', { class: `key ${status}`, 'aria-hidden': 'true' }), pieceWords[status] ?? status)));
