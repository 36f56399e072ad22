// The first screen: is all well, and if not, where; how much waits; which jobs, the worst first.

import { h } from './dom.js';
import * as format from './format.js';
import { changeRows } from './changes.js';
import { coverage, done } from './coverage.js';
import { figure, known, meter, spark, state, table, when } from './parts.js';
import { overviewPath } from './paths.js';
import { link, runLink } from './route.js';

export const title = () => 'Overview';
export const paths = () => [overviewPath];

export function view(_, store) {
  const seen = store.see(overviewPath);
  // Numbers stand there from the start, as dashes: nothing jumps when they come.
  const overview = seen.value ?? {};
  return [
    seen.error ? known(seen, () => null) : null,
    stillness(seen.value),
    verdict(seen.value),
    numbers(overview.numbers ?? {}),
    h('div', { class: 'columns' },
      h('section', { class: 'wide', 'aria-labelledby': 'jobs' }, jobs(seen.value)),
      h('div', { class: 'beside' },
        budgets(overview.budgets), workers(overview.workers, overview.inventory?.version),
        changes(overview.changes))),
  ];
}

/** That the inventory can only be looked at here, and why. */
function stillness(overview) {
  const reason = overview?.inventory?.read_only_reason;
  return reason ? h('p', { class: 'note', key: 'still' }, 'Read-only: ', reason,
    '. Nothing can be changed here.') : null;
}

// MARK: Verdict

function verdict(overview) {
  if (!overview) {
    return h('section', { class: 'verdict pending', key: 'verdict' }, h('h1', null, format.dash));
  }
  const { problems = [], notes = [], more_problems: moreProblems = 0, more_notes: moreNotes = 0 }
    = overview.verdict ?? {};
  const isWell = overview.verdict?.ok ?? problems.length === 0;
  const count = problems.length + moreProblems;
  const well = notes.length ? 'Nothing is wrong, but not all goes on.' : 'All well.';
  const words = isWell ? well : `${count} ${count === 1 ? 'needs' : 'need'} you`;
  return h('section', { class: `verdict ${isWell ? 'well' : 'ill'}`, key: 'verdict' },
    h('h1', null, words), clauses(problems, count, 'problems'),
    clauses(notes, notes.length + moreNotes, 'notes'));
}

/** The first clauses, and how many there are beside those. */
const clauses = (all, count, key) => (all.length === 0 ? null : [
  h('ul', { key }, all.slice(0, 8).map((problem, index) => h('li', { key: index },
    clause(problem)))),
  count > Math.min(all.length, 8) ? h('p', { key: `more ${key}` }, h('a', {
    href: link(['jobs']),
  }, `and ${count - Math.min(all.length, 8)} more`)) : null,
]);

/** A clause leads to the place where it is mended. */
function clause(problem) {
  const words = problem.text;
  const more = [problem.since ? [', since ', when(problem.since)] : null,
    problem.reason ? h('span', { class: 'quiet' }, `: ${problem.reason}`) : null];
  if (!problem.job) return [words, more];
  const tab = problem.kind === 'failed' ? { status: 'failed' } : {};
  const start = problem.run ? `${problem.job} / ${problem.run}` : problem.job;
  // The job's name is said once, in bold.
  const rest = words.startsWith(problem.job) ? words.slice(problem.job.length) : ` ${words}`;
  return h('a', { href: runLink(problem, tab) }, h('b', null, start), rest, more);
}

// MARK: Numbers

function numbers(all) {
  const waiting = all.waiting ?? {};
  const done = all.done_last_hour;
  return h('ul', { class: 'numbers', key: 'numbers', 'aria-label': 'In numbers' },
    tile('waiting', 'Waiting', [about(waiting), figure(waiting.items)],
      `items, weight ${format.short(waiting.weight)}`, link(['jobs']),
      spark(all.series?.map(minute => minute.waiting_items), 'Waiting in the last hour',
        most => `at most ${format.short(most)} items`)),
    tile('oldest', 'Oldest waits', format.span(all.oldest_seconds), 'since it was first seen',
      link(['jobs'], { sort: 'oldest' }),
      spark(all.series?.map(minute => minute.oldest_seconds), 'Oldest in the last hour',
        most => `at most ${format.span(most)}`)),
    tile('done', 'Done a minute', figure(done ? Number(done.items) / 60 : null),
      `${about(done)}${format.short(done?.items)} items in the last hour`,
      link(['jobs'], { sort: 'done' }),
      spark(all.series?.map(minute => minute.done_items), 'Done in the last hour')),
    tile('failed', 'Failed in 24 h',
      [figure(all.failed_last_day), all.failed_cut ? ' or more' : ''],
      `batches; ${format.short(all.failed_last_hour)} attempts in 1 h`,
      link(['jobs'], { sort: 'failed' }),
      spark(all.series?.map(minute => minute.failed), 'Failed in the last hour'),
      all.failed_last_day > 0 ? 'ill' : ''));
}

/** That a figure is an estimate. */
const about = amount => (amount?.exact === false ? '≈ ' : '');

const tile = (key, label, value, words, href, drawing = null, mood = '') =>
  h('li', { key, class: mood }, h('a', { href }, h('span', { class: 'label' }, label),
    h('span', { class: 'value' }, value), h('span', { class: 'quiet' }, words)), drawing);

// MARK: Jobs

const columns = [
  { title: 'Job' }, { title: 'How far it is', class: 'far' },
  { title: 'Waiting', class: 'number' }, { title: 'Oldest', class: 'number' },
  { title: 'Drains in', class: 'number range' }, { title: 'Done in 1 h', class: 'number' },
  { title: 'Held', class: 'number' },
];

function jobs(overview) {
  const rows = overview?.jobs ?? [];
  return [
    h('h2', { id: 'jobs' }, 'Jobs, the worst first'),
    overview && rows.length === 0
      ? h('p', { class: 'note' }, 'No run has begun yet: ', h('code', null,
        'tranche work --job NAME --meta TABLE -- PROGRAM'), ' begins one.')
      : table('Jobs, the worst first', columns, rows.flatMap(jobRows), { class: 'jobs' }),
    overview?.more_jobs ? h('p', null, h('a', { href: link(['jobs']) },
      `${format.count(overview.more_jobs, 'more run')} …`)) : null,
  ];
}

const jobRows = job => [jobRow(job), ...(job.backfills ?? []).map(fill => backfillRow(job, fill))];

function jobRow(job) {
  const key = `${job.meta ?? ''}\n${job.job}\n${job.run ?? ''}`;
  return { key, class: `is-${job.status}`, cells: [
    [h('a', { href: runLink(job), class: 'name' }, job.job),
      job.run ? h('span', { class: 'run' }, job.run) : null, state(job.status)],
    [coverage(job.coverage), h('p', { class: 'phrase' },
      h('span', { class: 'share' }, format.percent(done(job.coverage))), job.phrase ?? '')],
    [about(job.backlog), figure(job.backlog?.items)],
    format.span(job.oldest_seconds),
    drains(job),
    figure(job.done_last_hour), held(job),
  ] };
}

const drains = ({ drain_seconds: span }) => (span
  ? format.between(span.low, span.high) : format.dash);

const share = ({ percent }) => format.percent(percent === null ? null : percent / 100);

const held = job => [figure(job.held), h('span', { class: 'quiet' },
  job.parallelism === null || job.parallelism === undefined ? '' : ` of ${job.parallelism}`)];

function backfillRow(job, fill) {
  return { key: `${job.meta ?? ''}\n${job.job}\nfill ${fill.run}`, class: 'backfill', cells: [
    [h('a', { href: runLink({ ...job, run: fill.run }), class: 'name' }, fill.run),
      h('span', { class: 'quiet' }, 'backfill'), state(fill.status)],
    [meter(fill.percent ?? 0, 100, `${share(fill)} done`),
      h('p', { class: 'phrase' }, h('span', { class: 'share' }, share(fill)), fill.phrase)],
    '', '', drains(fill), '', '',
  ] };
}

// MARK: Beside

function budgets(all) {
  return h('section', { key: 'budgets', 'aria-labelledby': 'o-budgets' },
    h('h2', { id: 'o-budgets' }, h('a', { href: link(['budgets']) }, 'Budgets')),
    all && !all.length ? h('p', { class: 'quiet' }, 'None: nothing is limited.') : null,
    h('ul', { class: 'plain-list' }, (all ?? []).slice(0, 8).map(budget => h('li', {
      key: budget.name ?? `${budget.job}\n${budget.run}`,
    }, budgetLine(budget)))));
}

function budgetLine(budget) {
  const waits = (budget.claims ?? []).filter(claim => claim.waiting_since);
  const name = budget.name ?? `${budget.job}${budget.run ? ` / ${budget.run}` : ''}`;
  const ofBatches = budget.batches !== null && budget.batches !== undefined;
  const [used, allowed] = ofBatches ? [budget.held_batches, budget.batches]
    : [budget.held_weight, budget.weight];
  const words = `${format.short(used)} of ${allowed === null || allowed === undefined
    ? 'any number' : format.short(allowed)}${ofBatches ? '' : ' in weight'}`;
  return [
    h('p', { class: 'row' }, h('a', { href: link(['budgets'], { name }) }, name),
      h('span', { class: 'number' }, words)),
    meter(used, allowed, `${name}: ${words}`),
    budget.paused !== null && budget.paused !== undefined
      ? h('p', { class: 'quiet' }, `paused: ${budget.paused}`) : null,
    waits.length ? h('p', { class: 'quiet' },
      `${format.count(waits.length, 'run')} ${waits.length === 1 ? 'waits' : 'wait'}, the first `,
      'since ', when(waits.map(claim => claim.waiting_since).sort()[0])) : null,
  ];
}

function workers(all, own) {
  return h('section', { key: 'workers', 'aria-labelledby': 'o-workers' },
    h('h2', { id: 'o-workers' }, 'Workers'),
    all && !all.length ? h('p', { class: 'quiet' }, 'Nobody holds a batch now.') : null,
    h('ul', { class: 'plain-list' }, (all ?? []).slice(0, 12).map(worker => h('li', {
      key: worker.worker,
    }, h('p', { class: 'row' }, h('span', { class: 'name' }, worker.worker),
      h('span', { class: 'number' }, format.count(worker.batches, 'batch', 'batches'))),
    h('p', { class: 'quiet' }, work(worker)),
    h('p', { class: 'quiet' }, life(worker, own))))));
}

/** What a worker has in hand. */
const work = worker => (worker.batches === 0 ? 'holds nothing now'
  : [worker.jobs.join(', '), ', the first began ', when(worker.since),
    worker.lease_expires_at ? [', its lease ends ', when(worker.lease_expires_at)] : '']);

/** Of which version a worker is, and when it was last heard of. */
const life = (worker, own) => [
  worker.version ? `version ${worker.version}` : 'version unknown',
  worker.older ? [', ', h('b', { class: 'old' }, `older than this server's ${own}`)] : null,
  worker.seen_at ? [', heard of ', when(worker.seen_at)] : null];

function changes(all) {
  return h('section', { key: 'changes', 'aria-labelledby': 'o-changes' },
    h('h2', { id: 'o-changes' }, h('a', { href: link(['changes']) }, 'Changes')),
    all && !all.length ? h('p', { class: 'quiet' }, 'Nobody changed anything yet.') : null,
    h('ul', { class: 'plain-list' }, changeRows(all ?? [])));
}
