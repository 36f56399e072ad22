// All runs, with what one looks for in them.

import { h } from './dom.js';
import * as format from './format.js';
import { figure, known, paging, state, table } from './parts.js';
import { overviewPath, runsPath } from './paths.js';
import { here, link, runLink } from './route.js';

export const title = () => 'Jobs';
const path = route => runsPath({
  status: route.query.get('status'), limit: 100, after: route.query.get('after'),
});
export const paths = route => [path(route), overviewPath];

const states = ['held', 'failed', 'stuck', 'retrying', 'unsettled', 'ready', 'running', 'waiting',
  'limited', 'paused', 'cancelled', 'idle', 'complete'];

/** What the first screen's numbers lead to. */
const orders = {
  oldest: ['the longest waiting first', run => run.shown?.oldest_seconds ?? -1],
  done: ['what did most in the last hour first', run => run.last_hour?.items ?? 0],
  failed: ['the most failures first', run => failures(run)],
};

const failures = ({ totals }) => totals.failed.batches + totals.quarantined.batches;

/** What tells a run from others. */
const name = run => `${run.meta}\n${run.job}\n${run.run}`;

const columns = [
  { title: 'Job' }, { title: 'Source' }, { title: 'State' }, { title: 'Cursor', class: 'number' },
  { title: 'Waiting', class: 'number' }, { title: 'Oldest', class: 'number' },
  { title: 'Done in 1 h', class: 'number' }, { title: 'In flight', class: 'number' },
  { title: 'Failed', class: 'number' }, { title: 'Drains in', class: 'number range' },
];

export function view(route, store) {
  const text = (route.query.get('q') ?? '').toLowerCase();
  const status = route.query.get('status');
  const [words, by] = orders[route.query.get('sort')] ?? ['by source and name', null];
  // What waits in a source is looked at for the overview, once for all who ask.
  const shown = new Map((store.value(overviewPath)?.jobs ?? []).map(job => [name(job), job]));
  return [h('h1', null, 'Jobs'), filters(route), known(store.see(path(route)), document => {
    const runs = document.runs.filter(run => `${run.job} ${run.run} ${run.meta}`.toLowerCase()
      .includes(text)).map(run => ({ ...run, shown: shown.get(name(run)) }));
    if (by) runs.sort((a, b) => Number(by(b)) - Number(by(a)));
    return [
      h('p', { class: 'quiet' }, `${format.count(runs.length, 'run')}, ${words}`,
        status && document.next ? '; the state was looked for on this page alone' : '',
        text && document.next ? '; the name was looked for on this page alone' : '',
        by && document.next ? '; those of this page alone are in that order' : ''),
      // A uid may be any text.
      text && runs.length === 0 ? h('p', { class: 'note' }, 'No run has that in its name. ',
        h('a', { href: link(['items', route.query.get('q')]) }, 'Look for an item of that name'),
        '.') : null,
      table(`Runs, ${words}`, columns, runs.map(row)),
      paging(document, 'after', ['The first', 'More']),
    ];
  })];
}

function filters(route) {
  const given = name => route.query.get(name) ?? '';
  return h('form', {
    class: 'filters', onsubmit: event => {
      event.preventDefault();
      const form = new FormData(event.currentTarget);
      location.hash = here({ q: form.get('q'), status: form.get('status'), after: null });
    },
  }, h('label', null, 'Name ', h('input', {
    name: 'q', type: 'search', value: given('q'), autocomplete: 'off',
  })), h('label', null, 'State ', h('select', { name: 'status' },
    h('option', { value: '', selected: given('status') === '' }, 'any'),
    states.map(name => h('option', { value: name, selected: given('status') === name }, name)))),
  h('button', { type: 'submit' }, 'Show'));
}

const row = run => ({
  key: name(run), class: `is-${run.state}`, cells: [
    [h('a', { href: runLink(run), class: 'name' }, run.job),
      run.run ? h('span', { class: 'run' }, run.run) : null],
    h('span', { class: 'source' }, run.meta), state(run.state), format.id(run.cursor),
    [run.shown?.backlog && !run.shown.backlog.exact ? '≈ ' : '', figure(run.shown?.backlog?.items)],
    format.span(run.shown?.oldest_seconds), figure(run.last_hour.items),
    figure(run.totals.running.batches), figure(failures(run)),
    run.shown?.drain_seconds
      ? format.between(run.shown.drain_seconds.low, run.shown.drain_seconds.high) : format.dash,
  ],
});
