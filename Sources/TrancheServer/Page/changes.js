// Who changed what, and why.

import { h } from './dom.js';
import * as format from './format.js';
import { known, paging, table, when } from './parts.js';
import { changesPath } from './paths.js';
import { link, runLink } from './route.js';

export const title = () => 'Changes';
const path = route => changesPath({ limit: 100, after: route.query.get('after') });
export const paths = route => [path(route)];

const columns = [
  { title: 'When' }, { title: 'Who' }, { title: 'Of what' }, { title: 'What' }, { title: 'Why' },
];

export function view(route, store) {
  return [h('h1', null, 'Changes'), known(store.see(path(route)), document => [
    document.changes.length === 0 && !document.next && !route.query.get('after')
      ? h('p', { class: 'note' },
      'Nobody has changed a run or a budget yet. Each change is kept with its reason.') : null,
    table('Changes of runs and budgets, the latest first', columns,
      document.changes.map(change => ({ key: String(change.change), cells: [
        when(change.at), change.by ?? format.dash, owner(change), what(change),
        change.reason ?? format.dash,
      ] }))),
    paging({ next: document.next }),
  ])];
}

/** What was changed, as a link to it. */
const owner = change => (change.budget
  ? h('a', { href: link(['budgets'], { name: change.budget }) }, change.budget)
  : h('a', { href: runLink(change) }, change.job, change.run ? ` / ${change.run}` : ''));

/** From what to what. */
function what(change) {
  const from = change.old === null ? '' : ` from ${change.old}`;
  const to = change.new === null ? ' to none' : ` to ${change.new}`;
  return [h('b', null, change.what), from, to];
}

/** Changes as a short list. */
export const changeRows = all => all.map(change => h('li', { key: String(change.change) },
  h('p', null, owner(change), ': ', what(change)),
  h('p', { class: 'quiet' }, `${change.by ?? 'somebody'}, `, when(change.at),
    change.reason ? `: ${change.reason}` : '')));
