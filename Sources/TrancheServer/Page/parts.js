// What several pages are made of: tables, states, bars, lines, copying.

import { Refusal } from './api.js';
import { h } from './dom.js';
import * as format from './format.js';
import { here } from './route.js';

/** Signs beside the colours, for those who do not see these. */
const signs = {
  failed: '✕', stuck: '✕', held: '■', quarantined: '◆', cancelled: '⊘', expired: '✕',
  retrying: '↻', unsettled: '◌', deferred: '↻', released: '↩',
  running: '▶', ready: '▷', waiting: '◷', limited: '◫', paused: '‖', complete: '✓',
  succeeded: '✓', idle: '○', split: '÷',
};

/** A state, as word, sign and colour. */
export const state = name => h('span', { class: `state ${name ?? 'unknown'}` },
  h('span', { class: 'sign', 'aria-hidden': 'true' }, `${signs[name] ?? '·'}\uFE0E`),
  name ?? format.dash);

/** A time: how long ago it was, and exactly when on a pointer. */
export const when = text => (text
  ? h('time', { datetime: text, title: `${format.clock(text)} (${text})` }, format.ago(text))
  : format.dash);

/** Who holds a batch; a long name is cut where there is no room. */
export const worker = name => (name ? h('span', { class: 'worker', title: name }, name)
  : format.dash);

/** A number in few characters, in full on a pointer. */
export const figure = value => h('span', { title: format.number(value) }, format.short(value));

/** Copies a text, over plain HTTP too, where browsers have no clipboard for scripts. */
async function copy(text, button) {
  const isDone = await written(text) || byCommand(text, button);
  button.textContent = isDone ? 'Copied' : 'Press Ctrl+C';
  setTimeout(() => { button.textContent = 'Copy'; }, 1500);
}

async function written(text) {
  if (!globalThis.isSecureContext || !navigator.clipboard) return false;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // It may be forbidden to scripts; the older way may not be.
    return false;
  }
}

function byCommand(text, button) {
  const field = document.createElement('textarea');
  field.value = text;
  field.readOnly = true;
  field.className = 'unseen';
  field.setAttribute('aria-hidden', 'true');
  // Beside the button: a dialog that is open makes all outside of it inert.
  button.parentElement.append(field);
  field.select();
  const isDone = document.execCommand('copy');
  field.remove();
  button.focus({ preventScroll: true });
  return isDone;
}

/** A button that copies. */
export const copyButton = (text, what) => h('button', {
  type: 'button', class: 'copy', own: true, title: `Copy ${what}`, 'aria-label': `Copy ${what}`,
  'data-copies': text,
  shown: element => { element.textContent ||= 'Copy'; },
  onclick: event => copy(event.currentTarget.dataset.copies, event.currentTarget),
});

/** Text of a program or a database. */
export const text = (words, label) => h('div', { class: 'text' },
  h('pre', { tabindex: '0', role: 'region', 'aria-label': label }, words),
  copyButton(words, label));

/**
 * A table; on a narrow screen each row is a card. With the option `shown` what it shows stands
 * above it, too.
 * @param {string} caption what it shows.
 * @param {{title: string, class?: string}[]} columns its columns.
 * @param {{key, cells: Array, class?: string}[]} rows its rows.
 */
export function table(caption, columns, rows, options = {}) {
  const head = columns.map(column => h('th', {
    scope: 'col', role: 'columnheader', class: column.class,
  }, column.unseen ? h('span', { class: 'unseen' }, column.title) : column.title));
  return [options.shown ? h('h2', null, caption) : null,
    h('table', { role: 'table', class: options.class, key: caption },
      h('caption', { class: 'unseen' }, caption),
      h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, head)),
      h('tbody', { role: 'rowgroup' }, rows.map(row => line(row, columns))))];
}

const line = (row, columns) => h('tr', { key: row.key, role: 'row', class: row.class },
  row.cells.map((cell, index) => (index === 0
    ? h('th', { scope: 'row', role: 'rowheader', class: columns[0].class }, cell)
    : h('td', {
      role: 'cell', class: columns[index].class, 'data-label': columns[index].title,
    }, cell))));

/** Names with their values. */
export const facts = pairs => h('dl', { class: 'facts' }, pairs
  .filter(pair => pair)
  .map(([name, ...value]) => h('div', { key: name }, h('dt', null, name), h('dd', null, value))));

/**
 * Figures over time, as a line; the same room for few and for many. What is not known is left out.
 * @param {(number|null)[]} series the figures.
 * @param {string} label what they are.
 * @param {function(number)} words says the highest of them.
 */
export function spark(series, label, words = most => `at most ${format.short(most)} a minute`) {
  const all = (series ?? []).map(value =>
    (value === null || value === undefined ? null : Number(value)));
  const known = all.filter(value => value !== null);
  if (known.length < 2) return h('svg', { class: 'spark', 'aria-hidden': 'true' });
  const most = Math.max(...known, 0);
  const step = 100 / (all.length - 1);
  const lines = [];
  all.forEach((value, index) => {
    if (value === null) return;
    if (index === 0 || all[index - 1] === null) lines.push([]);
    lines.at(-1).push([index * step, 23 - (most > 0 ? value / most : 0) * 21]);
  });
  return h('svg', {
    class: 'spark', viewBox: '0 0 100 24', preserveAspectRatio: 'none', role: 'img',
    'aria-label': `${label}: ${words(most)}`,
  }, lines.filter(line => line.length > 1).map(line => {
    const points = line.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(' ');
    const [first, last] = [line[0][0].toFixed(2), line.at(-1)[0].toFixed(2)];
    return [h('polygon', { points: `${first},24 ${points} ${last},24` }),
      h('polyline', { points })];
  }));
}

/** How much of something is used, as a bar; nothing where there is no limit. */
export function meter(used, allowed, words) {
  if (allowed === null || allowed === undefined) return null;
  // Beyond 2^53 they are big integers, which do not divide by others.
  const part = Number(used) / Number(allowed);
  const share = allowed > 0 ? Math.min(part, 1) : used > 0 ? 1 : 0;
  return h('svg', {
    class: `meter${used > allowed ? ' over' : ''}`, viewBox: '0 0 100 6',
    preserveAspectRatio: 'none', role: 'img', 'aria-label': words,
  }, h('rect', { class: 'room', x: 0, y: 0, width: 100, height: 6 }),
  h('rect', { class: 'used', x: 0, y: 0, width: (share * 100).toFixed(2), height: 6 }));
}

/** Why something could not be had, and what to do about it. */
export const refusal = error => h('div', { class: 'note bad', role: 'alert' },
  h('p', null, h('strong', null, error.message)),
  error.remedy ? h('p', null, `${error.remedy}.`.replace(/\.\.$/, '.')) : null);

/**
 * What a document shows: dashes until it is known, a note where it cannot be had.
 * @param {{value, error}} known what is known of it.
 * @param {function(*)} view shows it.
 */
export function known({ value, error }, view) {
  // Without an answer the feed says already that all of this is old.
  const isNews = error && !(error instanceof Refusal && error.status === 0 && value);
  return [isNews ? refusal(error) : null,
    value ? view(value) : error ? null : h('p', { class: 'pending', 'aria-hidden': 'true' },
      format.dash)];
}

/** Links to other pages of a list. */
export function paging(document, parameter = 'after', [first, rest] = ['The newest', 'Older']) {
  const after = document.next ?? null;
  const isLater = new URLSearchParams(location.hash.split('?')[1]).has(parameter);
  if (after === null && !isLater) return null;
  return h('nav', { class: 'paging', 'aria-label': 'More of this list' },
    isLater ? h('a', { href: here({ [parameter]: null }), rel: 'first' }, `« ${first}`) : null,
    after !== null ? h('a', { href: here({ [parameter]: after }), rel: 'next' }, `${rest} »`) : null);
}

/** Views of one thing beside each other. */
export const tabs = (label, current, all) => h('nav', { class: 'tabs', 'aria-label': label },
  h('ul', null, all.map(([name, title, count]) => h('li', { key: name }, h('a', {
    href: here({ tab: name, after: null }), 'aria-current': name === current ? 'page' : null,
  }, title, count ? h('span', { class: 'count' }, format.short(count)) : null)))));

/** A row of buttons. */
export const tools = (...buttons) => h('div', { class: 'tools' }, buttons);

/**
 * A button that begins an action. What takes the place of another has its `key`, so that the focus
 * stays there.
 */
export const tool = (label, onclick, options = {}) => h('button', {
  type: 'button', class: options.isGrave ? 'grave' : null, key: options.key ?? label, onclick,
  disabled: options.disabled ?? false, 'aria-haspopup': 'dialog',
}, `${label} …`);
