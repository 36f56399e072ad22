// What stands below a run: its batches, gaps, plan and changes.

import { changeRows } from './changes.js';
import { h } from './dom.js';
import * as format from './format.js';
import { figure, paging, state, table, when, worker } from './parts.js';
import { batchLink, here } from './route.js';

const batchColumns = [
  { title: 'Batch' }, { title: 'State' }, { title: 'Ids', class: 'ids' },
  { title: 'Items', class: 'number' }, { title: 'Weight', class: 'number' },
  { title: 'Attempt', class: 'number' }, { title: 'Worker' }, { title: 'Began', class: 'number' },
  { title: 'Took', class: 'number' }, { title: 'What it says', class: 'says' },
];

function batches(document, route) {
  const status = route.query.get('status') ?? '';
  return [
    batchFilters(route, status),
    document.batches.length === 0 ? h('p', { class: 'note' }, status
      ? `No batch is ${status} here.` : 'No batch was handed out yet.') : null,
    table('Batches, the newest first', batchColumns, document.batches.map(batchRow)),
    paging(document),
  ];
}

const batchStates = ['running', 'succeeded', 'failed', 'released', 'split', 'quarantined'];

function batchFilters(route, status) {
  return h('form', {
    class: 'filters', onsubmit: event => {
      event.preventDefault();
      const form = new FormData(event.currentTarget);
      location.hash = here({
        status: form.get('status'), error: form.get('error').trim(), after: null,
      });
    },
  }, h('label', null, 'State ', h('select', { name: 'status' },
    h('option', { value: '', selected: status === '' }, 'any'),
    batchStates.map(name => h('option', { value: name, selected: status === name }, name)))),
  h('label', null, 'Error contains ', h('input', {
    name: 'error', type: 'search', value: route.query.get('error') ?? '', autocomplete: 'off',
  })), h('button', { type: 'submit' }, 'Show'));
}

/** A batch as a row of a list. */
export const batchRow = batch => ({
  key: String(batch.batch), class: `is-${batch.status}`, cells: [
    h('a', { href: batchLink(batch.batch), class: 'name' }, `#${batch.batch}`),
    [state(batch.status), batch.kind !== 'incremental' && batch.kind !== batch.status
      ? h('span', { class: 'quiet' }, ` ${batch.kind}`) : null],
    h('code', null, format.range(batch.id_start, batch.id_end)),
    figure(batch.count), figure(batch.weight), String(batch.attempt), worker(batch.worker),
    when(batch.started_at), took(batch),
    h('span', { class: 'line' }, batch.status === 'succeeded' ? '' : firstLine(batch.logging)),
  ],
});

const firstLine = words => (words ?? '').split('\n')[0].slice(0, 200);

/** How long a batch took, or how long it is out. */
export function took({ started_at: start, ended_at: end }) {
  const from = Date.parse(start);
  const to = end ? Date.parse(end) : format.now();
  return Number.isNaN(from) ? format.dash : format.span(Math.max(0, to - from) / 1000);
}

function gaps(document) {
  // Those that are open are what one looks for; of each kind by id, as they come.
  const all = [...document.gaps].sort((a, b) => Number(b.open) - Number(a.open));
  return [
    (document.waiting ?? []).map(wait => h('p', { class: 'note', key: `wait ${wait.candidate}` },
      'Ids up to ', h('code', null, format.id(wait.candidate)), ' wait for ',
      wait.holders.map(holder => holder.name).join(', ') || 'writers',
      wait.until ? [', at the latest until ', when(wait.until)] : '')),
    document.gaps.length === 0 ? h('p', { class: 'note' },
      'No gap: every id behind the cursor was handed out, or can no longer be committed.') : null,
    table('Gaps, those that are open first', [
      { title: 'Ids', class: 'ids' }, { title: 'Kind' }, { title: 'Waits for' },
      { title: 'Found', class: 'number' }, { title: 'Next look', class: 'number' },
      { title: 'Watched until', class: 'number' },
    ], all.map(gap => ({ key: `${gap.id_start}`, cells: [
      h('code', null, format.range(gap.id_start, gap.id_end)),
      `${gap.open ? 'open' : 'closed'}, ${gap.kind}`, gap.holders.join(', ') || format.dash,
      when(gap.found_at), when(gap.next_look), when(gap.watch_until),
    ] }))),
    writers(document.writers ?? []),
    paging(document, 'after', ['The first', 'More']),
  ];
}

const writers = all => (all.length === 0 ? null : table('Transactions that are waited for', [
  { title: 'Transaction' }, { title: 'Of' }, { title: 'State' },
  { title: 'Began', class: 'number' },
  { title: 'Last statement', class: 'says' },
], all.map(writer => ({ key: writer.name, cells: [
  `${writer.name}${writer.pid ? ` (pid ${writer.pid})` : ''}`,
  [writer.user, writer.application].filter(Boolean).join(', '), writer.state, when(writer.begun_at),
  h('code', { class: 'line' }, writer.query),
] })), { shown: true }));

function plan(document) {
  return [
    h('p', { class: 'quiet' }, `${format.count(document.batches, 'batch', 'batches')}, `,
      `${format.count(document.items, 'item')}, weight ${format.short(document.weight)}`,
      document.seconds === null ? '' : `, about ${format.span(document.seconds)}`,
      document.reached_end ? '' : ', and more behind these'),
    document.open.length ? table('Batches that are offered before new ones', batchColumns,
      document.open.map(batchRow), { shown: true }) : null,
    document.ranges.length ? table('New ranges', [
      { title: 'Ids', class: 'ids' }, { title: 'Items', class: 'number' },
      { title: 'Weight', class: 'number' },
    ], document.ranges.map(range => ({ key: `${range.id_start}`, cells: [
      h('code', null, format.range(range.id_start, range.id_end)), figure(range.count),
      figure(range.weight),
    ] })), { shown: true }) : h('p', { class: 'note' }, 'No new range would be handed out now.'),
  ];
}

function history(document, route) {
  const [job, run = ''] = route.parts;
  const own = document.changes.filter(change => change.job === job && change.run === run);
  return [
    own.length === 0 ? h('p', { class: 'note' }, 'Nobody has changed this run lately.') : null,
    h('ul', { class: 'plain-list changes' }, changeRows(own)),
    document.changes.length >= 500 ? h('p', { class: 'quiet' },
      'It was looked for among the last 500 changes.') : null,
  ];
}

/** What each view of a run shows. */
export const bodies = { batches, gaps, plan, changes: history };
