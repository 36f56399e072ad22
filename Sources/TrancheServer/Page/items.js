// What became of one item: every job, batch and attempt that had it.

import { h } from './dom.js';
import * as format from './format.js';
import { known, state, table, when, worker } from './parts.js';
import { itemPath } from './paths.js';
import { batchLink, link, runLink } from './route.js';
import { took } from './run-tabs.js';

const id = route => route.parts[0] ?? '';

export const title = route => (id(route) ? `Item ${id(route)}` : 'Items');

const path = route => itemPath(id(route), route.query.get('meta'));

export const paths = route => (id(route) === '' ? [] : [path(route)]);

export function view(route, store) {
  return [
    h('h1', null, id(route) ? ['Item ', h('code', null, id(route))] : 'Items'),
    form(route),
    id(route) ? known(store.see(path(route)), documents => histories(documents))
      : h('p', { class: 'note' }, "Give an item's id, or its uid where that is no integer, to see "
        + 'every job, batch and attempt that had it.'),
  ];
}

function form(route) {
  return h('form', {
    class: 'filters', onsubmit: event => {
      event.preventDefault();
      const given = new FormData(event.currentTarget);
      location.hash = link(['items', given.get('id').trim()], { meta: given.get('meta').trim() });
    },
  }, h('label', null, 'Id ', h('input', {
    name: 'id', type: 'search', value: id(route), required: true, autocomplete: 'off',
    spellcheck: 'false',
  })), h('label', null, 'Source ', h('input', {
    name: 'meta', type: 'search', value: route.query.get('meta') ?? '', autocomplete: 'off',
    placeholder: 'any',
  })), h('button', { type: 'submit' }, 'Look up'));
}

/** One history, or one for each source that may have the id. */
function histories(answer) {
  return [
    answer.sources.length ? answer.sources.map(history) : h('p', { class: 'note' },
      'No batch ever had it: it is behind a cursor, filtered out, not committed yet, or not an '
      + 'item of a job here.'),
    (answer.unseen ?? []).map(each => h('p', { class: 'note', key: `unseen ${each.meta}` },
      h('code', null, each.meta), ` could not be asked: ${each.error}`)),
    answer.cut ? h('p', { class: 'quiet' },
      'There are sources that were not looked at: name one.') : null,
  ];
}

const history = document => h('section', { key: `${document.meta}\n${document.uid ?? ''}` },
  h('h2', null, 'In ', h('code', null, document.meta)),
  document.uid ? h('p', { class: 'quiet' }, 'It has the number ',
    h('code', null, format.id(document.id)), ' there.') : null,
  document.batches.map(batch => h('article', {
    key: `${batch.batch} ${batch.level}`, class: 'card',
  },
    h('h3', null, h('a', { href: batchLink(batch.batch) }, `#${batch.batch}`), ' of ',
      h('a', { href: runLink(batch) }, batch.job, batch.run ? ` / ${batch.run}` : ''), ' ',
      state(batch.status), batch.level ? h('span', { class: 'quiet' }, batch.level > 0
        ? ` ${format.count(batch.level, 'step')} downstream`
        : ` ${format.count(-batch.level, 'step')} upstream`) : null),
    h('p', { class: 'quiet' }, 'ids ', h('code', null, batch.ids
      ?? format.range(batch.id_start, batch.id_end))),
    batch.attempts.length === 0 ? h('p', { class: 'quiet' },
      'Its attempts are packed, and no longer told.') : table(`Attempts of batch ${batch.batch}`, [
      { title: 'Attempt' }, { title: 'Outcome' }, { title: 'Worker' },
      { title: 'Began', class: 'number' }, { title: 'Took', class: 'number' },
      { title: 'Error', class: 'says' },
    ], batch.attempts.map(attempt => ({ key: String(attempt.attempt), cells: [
      String(attempt.attempt), state(attempt.outcome), worker(attempt.worker),
      when(attempt.started_at), took(attempt),
      h('span', { class: 'line' }, (attempt.error ?? '').split('\n')[0]),
    ] }))))),
  document.cut ? h('p', { class: 'quiet' }, 'There are more than were looked at.') : null);
