// One batch: what it holds, its attempts, what they wrote, what came of it.

import { app } from './app-state.js';
import { h } from './dom.js';
import * as format from './format.js';
import { copyButton, facts, figure, known, state, table, text, tool, tools, when, worker }
  from './parts.js';
import { batchPath } from './paths.js';
import { batchLink, here, link, runLink } from './route.js';
import { cancelBatch, redriveBatch, retryBatch, splitBatch } from './run-actions.js';
import { took } from './run-tabs.js';

const number = route => route.parts[0] ?? '';

export const title = route => `Batch #${number(route)}`;

/** As many as are had at once: few batches have more. */
const attemptsPath = route => batchPath(number(route), '/attempts?limit=500');

/** The attempt whose output is shown: the one that was asked for, or the last that has ended. */
function chosen(route, store) {
  const asked = route.query.get('attempt');
  if (asked) return asked;
  const all = store.value(attemptsPath(route))?.attempts ?? [];
  const ended = all.filter(attempt => attempt.ended_at);
  return String((ended.at(-1) ?? all.at(-1))?.attempt ?? '');
}

function logsPath(route, store) {
  const attempt = chosen(route, store);
  return attempt ? batchPath(number(route), `/attempts/${encodeURIComponent(attempt)}/logs`) : null;
}

export const paths = (route, store) => [batchPath(number(route)), attemptsPath(route),
  logsPath(route, store)].filter(Boolean);

export function view(route, store) {
  const seen = store.see(batchPath(number(route)));
  const batch = seen.value;
  return [
    h('p', { class: 'crumbs' }, h('a', { href: link(['jobs']) }, 'Jobs'),
      batch ? [' / ', h('a', { href: runLink(batch) }, batch.job,
        batch.run ? ` / ${batch.run}` : '')] : null),
    h('div', { class: 'heading' }, h('h1', null, `Batch #${number(route)}`),
      batch ? state(batch.status) : null, copyButton(number(route), "the batch's number")),
    known(seen, shown => [error(shown), head(shown), actions(shown)]),
    h('h2', null, 'Attempts'),
    known(store.see(attemptsPath(route)), shown => attempts(shown, chosen(route, store))),
    logs(route, store),
  ];
}

function error(batch) {
  if (!batch.logging || batch.status === 'succeeded') return null;
  return h('div', { class: 'note bad' }, text(batch.logging, 'error of the batch'));
}

function head(batch) {
  return facts([
    ['Ids', h('code', null, format.range(batch.id_start, batch.id_end)),
      copyButton(`${batch.id_start}-${batch.id_end}`, 'the ids')],
    ['Items', figure(batch.count)], ['Weight', figure(batch.weight)], ['Kind', batch.kind],
    ['Attempt', `${batch.attempt}, ${format.count(batch.failures, 'failure')}`,
      batch.deferrals ? `, ${format.count(batch.deferrals, 'deferral')}` : ''],
    ['Worker', batch.worker ?? format.dash], ['Began', when(batch.started_at)],
    ['Took', took(batch)],
    batch.lease_expires_at ? ['Lease ends', when(batch.lease_expires_at)] : null,
    batch.retry_at ? ['Tried again', when(batch.retry_at)] : null,
    batch.key ? ['Key', batch.key] : null,
    batch.cause ? ['Cause', batch.cause] : null,
    batch.parent
      ? ['Part of', h('a', { href: batchLink(batch.parent) }, `#${batch.parent}`)] : null,
    batch.job_identifier ? ['Identifier', h('code', null, batch.job_identifier)] : null,
    ['First item', h('a', { href: link(['items', batch.id_start], { meta: batch.meta }) },
      'what became of it')],
  ]);
}

function actions(batch) {
  if (!app.mayOperate) return null;
  const is = (...states) => states.includes(batch.status);
  return tools(
    is('quarantined') ? tool('Redrive', () => redriveBatch(batch)) : tool('Retry',
      () => retryBatch(batch), { disabled: is('running', 'released', 'split') }),
    tool('Split', () => splitBatch(batch), { disabled: batch.count < 2 || !is('failed') }),
    is('running', 'released', 'quarantined') || (is('failed') && batch.cause !== 'cancelled')
      ? tool('Cancel', () => cancelBatch(batch), { isGrave: true }) : null,
  );
}

function attempts(document, shown) {
  const rest = document.next
    ? h('p', { class: 'quiet' }, `The first ${document.attempts.length} attempts; later ones are `
      + 'told by the command tranche history.') : null;
  return [rest, table('Attempts, the first first', [
    { title: 'Attempt' }, { title: 'Outcome' }, { title: 'Worker' },
    { title: 'Began', class: 'number' }, { title: 'Took', class: 'number' },
    { title: 'Error', class: 'says' }, { title: 'Output' },
  ], document.attempts.map(attempt => ({
    key: String(attempt.attempt), class: String(attempt.attempt) === shown ? 'chosen' : null,
    cells: [
      String(attempt.attempt), state(attempt.outcome), worker(attempt.worker),
      when(attempt.started_at), took(attempt),
      h('span', { class: 'line' }, (attempt.error ?? '').split('\n')[0]),
      h('a', {
        href: here({ attempt: attempt.attempt }),
        'aria-current': String(attempt.attempt) === shown ? 'true' : null,
      }, 'show'),
    ],
  })))];
}

function logs(route, store) {
  const path = logsPath(route, store);
  if (!path) return null;
  return [h('h2', null, `What attempt ${chosen(route, store)} wrote`),
    known(store.see(path), output => {
      const parts = [
        ['Standard error', output.standard_error], ['Standard output', output.standard_output],
        ['Note for the next attempt', output.note],
      ].filter(([, words]) => words);
      if (!parts.length) return h('p', { class: 'note' }, 'Nothing is kept of it.');
      return parts.map(([name, words]) => [h('h3', { key: name }, name),
        text(words, `${name} of attempt ${output.attempt}`)]);
    })];
}
