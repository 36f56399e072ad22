// One run: how far it is, why it is not faster, its batches, gaps and plan.

import { app } from './app-state.js';
import { openAudit } from './audit.js';
import { h } from './dom.js';
import * as format from './format.js';
import { coverage, done, legend } from './coverage.js';
import { facts, figure, known, state, tabs, text, tool, tools, when } from './parts.js';
import { changesPath, runPath } from './paths.js';
import { here, link } from './route.js';
import { backfill, bulk, cancelRun, pauseRun, resumeRun, setRun } from './run-actions.js';
import { bodies } from './run-tabs.js';

const key = route => ({
  job: route.parts[0], run: route.parts[1] ?? '', meta: route.query.get('meta'),
});

const tab = route => route.query.get('tab') ?? 'batches';

export const title = route => [key(route).job, key(route).run].filter(Boolean).join(' / ');

function tabPath(route) {
  const run = key(route);
  const after = route.query.get('after');
  switch (tab(route)) {
    case 'gaps': return runPath(run, '/gaps', { limit: 500, after });
    case 'plan': return runPath(run, '/plan');
    case 'changes': return changesPath({
      job: run.job, run: run.run || '-', meta: run.meta, limit: 500,
    });
    default: return runPath(run, '/batches', {
      status: route.query.get('status'), error: route.query.get('error'),
      limit: 50, after,
    });
  }
}

export const paths = route => [runPath(key(route)), tabPath(route)];

export function view(route, store) {
  const run = key(route);
  const seen = store.see(runPath(run));
  const document = seen.value?.run;
  return [
    h('p', { class: 'crumbs' }, h('a', { href: link(['jobs']) }, 'Jobs')),
    h('div', { class: 'heading' }, h('h1', null, run.job,
      run.run ? h('span', { class: 'run' }, ` / ${run.run}`) : null),
    document ? state(document.state) : null),
    known(seen, shown => [head(shown), actions(shown)]),
    tabs('Of this run', tab(route), [
      ['batches', 'Batches'], ['gaps', 'Gaps', document?.gaps?.open], ['plan', 'Plan'],
      ['changes', 'Changes'],
    ]),
    h('section', { class: 'tab', key: tab(route), 'aria-label': tab(route) },
      known(store.see(tabPath(route)), shown =>
        (bodies[tab(route)] ?? bodies.batches)(shown, route))),
  ];
}

// MARK: Head

function head({ run, limits, coverage: far, percent, reasons: all }) {
  const totals = run.totals;
  return [
    reasons(run, all),
    h('div', { class: 'how-far' }, coverage(far, { isLarge: true }), legend(far)),
    facts([
      ['Done', far ? format.percent(done(far)) : format.percent(percent && percent / 100)],
      ['Waiting', run.backlog && !run.backlog.is_exact ? '≈ ' : '', figure(run.backlog?.items),
        run.backlog ? ` items, weight ${format.short(run.backlog.weight)}` : ''],
      ['Oldest waits since', when(run.backlog?.oldest_at)],
      ['Drains in', run.drains_in
        ? format.between(run.drains_in.shortest_s, run.drains_in.longest_s) : format.dash],
      ['Last hour', figure(run.last_hour?.items), ' items in ',
        format.count(run.last_hour?.batches, 'batch', 'batches')],
      ['In flight', filter('running', totals)], ['Succeeded', filter('succeeded', totals)],
      ['Failed', filter('failed', totals)], ['Quarantined', filter('quarantined', totals)],
      ['Given back', filter('released', totals)],
      ['Gaps', h('a', { href: here({ tab: 'gaps', after: null }) }, format.number(run.gaps?.open)),
        run.gaps?.dropped ? `, ${format.number(run.gaps.dropped)} given up` : ''],
      ['Parallelism', limits.parallelism === null ? 'any' : String(limits.parallelism)],
      ['Priority, share', `${limits.priority}, ${format.number(limits.share)}`],
      limits.budgets.length ? ['Budgets', limits.budgets.map((name, index) => [
        index ? ', ' : '', h('a', { href: link(['budgets'], { name }) }, name)])] : null,
      ['Cursor', h('code', null, format.id(run.cursor))],
      ['Last success', when(run.last_success)],
      ['Source', h('code', null, run.meta)],
    ]),
    policy(run),
  ];
}

/** A number leads to the list that it counts. */
const filter = (status, totals) => h('a', { href: here({ tab: 'batches', status, after: null }) },
  format.count(totals[status].batches, 'batch', 'batches'));

/** Why it is not faster, each with the figures of its moment. */
function reasons(run, all) {
  const said = all.filter(reason => reason.kind !== 'nothing');
  if (run.next_due && run.state === 'retrying') {
    said.push({ text: 'the next batch is tried again', at: run.next_due, figures: [] });
  }
  if (!said.length) return null;
  return h('ul', { class: 'reasons', 'aria-label': 'Why it is not faster' },
    said.map((reason, index) => h('li', { key: index }, words(reason),
      reason.at ? [', ', when(reason.at)] : '', figures(reason.figures))));
}

const words = ({ kind, text: said }) => (kind === 'budget' && said.includes('budget ')
  ? [said.slice(0, said.indexOf('budget ') + 7), h('a', {
    href: link(['budgets'], { name: said.split('budget ')[1] }),
  }, said.split('budget ')[1])] : said);

/** Such as `held batches 4 of 4`; what is nothing explains nothing. */
const figures = all => {
  const some = all.filter(each => each.value !== 0 || each.of !== null).map(each =>
    `${each.name.replaceAll('_', ' ')} ${format.short(each.value)}`
    + (each.of === null ? '' : ` of ${format.short(each.of)}`));
  return some.length ? h('span', { class: 'quiet' }, ` (${some.join(', ')})`) : null;
};

function policy(run) {
  const rule = run.policy;
  if (!rule) return null;
  return h('details', null, h('summary', null, 'Policy, definition and risks'), facts([
    ['Lease', format.span(rule.lease_s)], ['Attempts', format.number(rule.max_attempts)],
    ['Backoff', `${format.span(rule.backoff_s)} to ${format.span(rule.backoff_limit_s)}`],
    ['Exhausted batches', rule.on_exhausted === 'split' ? 'are split' : 'stay failed'],
    ['Writers are waited for', format.span(rule.settle_wait_s)],
    ['Gaps are watched for', format.span(rule.watch_s)],
    ['Execution', rule.execution === 'atMostOnce' ? 'at most once' : 'at least once'],
    ['Ids', `${format.id(run.bounds?.from)} … ${format.id(run.bounds?.to)}`],
    ['Began', when(run.created_at)],
  ]), run.definition ? text(JSON.stringify(run.definition, (_, value) =>
    (typeof value === 'bigint' ? String(value) : value), 2), 'definition') : null,
  (run.risks ?? []).map(risk => h('p', { key: risk.name }, h('b', null, risk.name), ': ',
    risk.explanation)));
}

// MARK: Actions

function actions({ run, limits }) {
  const audit = tool('Audit', () => openAudit(run));
  if (!app.mayOperate) return tools(audit);
  const isPaused = run.paused !== null && run.paused !== undefined;
  const failed = run.totals.failed.batches > 0;
  const apart = run.totals.quarantined.batches > 0;
  return tools(
    isPaused || run.cancelled ? tool('Resume', () => resumeRun(run), { key: 'pause' })
      : tool('Pause', () => pauseRun(run), { key: 'pause' }),
    tool('Set', () => setRun({ ...run, ...limits })),
    tool('Backfill', () => backfill(run)),
    tool('Retry failed', () => bulk('retry', run), { disabled: !failed }),
    tool('Redrive', () => bulk('redrive', run), { disabled: !apart }),
    tool('Release', () => bulk('release', run), {
      disabled: !(run.totals.running.batches > 0),
    }),
    audit,
    run.cancelled ? null : tool('Cancel', () => cancelRun(run), { isGrave: true }),
  );
}
