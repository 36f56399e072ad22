// Budgets: what all processes together may hold, who holds it, who waits for what and why.

import { post, Refusal } from './api.js';
import { app } from './app-state.js';
import { openDialog, reasonField, typedNumber } from './dialog.js';
import { h } from './dom.js';
import * as format from './format.js';
import { facts, figure, known, meter, state, table, tool, tools, when } from './parts.js';
import { budgetPath, budgetsPath } from './paths.js';
import { runLink } from './route.js';

export const title = () => 'Budgets';
export const paths = () => [budgetsPath];

export function view(route, store) {
  return [h('h1', null, 'Budgets'), known(store.see(budgetsPath), document => {
    const wanted = route.query.get('name');
    const all = document.budgets.filter(budget => !wanted || budget.name === wanted);
    const isOfRun = budget => budget.name === null;
    return [
      wanted ? h('p', null, h('a', { href: '#/budgets' }, 'All budgets')) : null,
      document.budgets.length === 0 ? h('p', { class: 'note' },
        'There is no budget: nothing is limited but the parallelism of single runs. ',
        h('code', null, 'tranche budget set NAME --batches 8'), ' makes one.') : null,
      all.filter(budget => !isOfRun(budget)).map(card),
      runs(all.filter(isOfRun)),
    ];
  })];
}

const isParked = budget => budget.parked_until && Date.parse(budget.parked_until) > format.now();
const isPaused = budget => budget.paused !== null && budget.paused !== undefined;

function card(budget) {
  return h('section', { class: 'card', key: budget.name, 'aria-label': `budget ${budget.name}` },
    h('div', { class: 'heading' }, h('h2', null, budget.name),
      isPaused(budget) ? state('paused') : null,
      isParked(budget) ? h('span', { class: 'state paused' }, 'parked') : null,
      budget.exceeded
        ? h('span', { class: 'state retrying' }, 'lowered, more is still out') : null),
    why(budget),
    use('Batches', budget.held_batches, budget.batches),
    use('Weight', budget.held_weight, budget.weight),
    facts([
      budget.rate_per_s !== null ? ['Let in a second', figure(budget.rate_per_s), ' in weight']
        : null,
      budget.burst !== null ? ['At once at most', figure(budget.burst)] : null,
    ]),
    claims(budget),
    actions(budget));
}

function why(budget) {
  const lines = [
    isPaused(budget) ? `paused: ${budget.paused}` : null,
    isParked(budget) ? ['nothing is let in until ', when(budget.parked_until),
      budget.park_reason ? `: ${budget.park_reason}` : ''] : null,
  ].filter(Boolean);
  return lines.map((words, index) => h('p', { class: 'note', key: `why ${index}` }, words));
}

function use(label, used, allowed) {
  const words = `${label}: ${format.short(used)} of ${allowed === null ? 'any number'
    : format.short(allowed)}`;
  return h('div', { class: 'use', key: label }, h('p', { class: 'row' }, h('span', null, label),
    h('span', { class: 'number' }, figure(used), ' of ',
      allowed === null ? 'any' : figure(allowed))), meter(used, allowed, words));
}

function claims(budget) {
  if (budget.claims.length === 0) {
    return h('p', { class: 'quiet' }, 'Nobody holds anything under it, or waits.');
  }
  return table(`Who holds budget ${budget.name}, and who waits`, [
    { title: 'Run' }, { title: 'Priority', class: 'number' }, { title: 'Share', class: 'number' },
    { title: 'Holds', class: 'number' }, { title: 'In weight', class: 'number' },
    { title: 'Waits since' }, { title: 'For', class: 'number' },
  ], budget.claims.map(claim => ({
    key: `${claim.meta}\n${claim.job}\n${claim.run}`, class: claim.waiting_since ? 'waits' : null,
    cells: [
      h('a', { href: runLink(claim) }, claim.job, claim.run ? ` / ${claim.run}` : ''),
      format.number(claim.priority), format.number(claim.share), figure(claim.held_batches),
      figure(claim.held_weight), when(claim.waiting_since),
      claim.waiting_since ? [figure(claim.waiting_weight), ' in weight'] : format.dash,
    ],
  })));
}

const runs = all => (all.length === 0 ? null : table('Parallelism of single runs', [
  { title: 'Run' }, { title: 'Holds', class: 'number' }, { title: 'Allowed', class: 'number' },
  { title: 'Waits since' },
], all.map(budget => ({ key: `${budget.meta}\n${budget.job}\n${budget.run}`, cells: [
  h('a', { href: runLink(budget) }, budget.job, budget.run ? ` / ${budget.run}` : ''),
  figure(budget.held_batches), figure(budget.batches),
  when(budget.claims.find(claim => claim.waiting_since)?.waiting_since),
] })), { shown: true }));

// MARK: Actions

const words = {
  resume: 'Runs are let in again.',
  pause: 'No run under it is handed anything. What is in hand goes on.',
  unpark: 'Runs are let in again before the time is over.',
};

function actions(budget) {
  if (!app.mayOperate) return null;
  return tools(
    tool('Set', () => set(budget)),
    isPaused(budget)
      ? tool('Resume', () => simple(budget, 'Resume', 'resume', words.resume), { key: 'pause' })
      : tool('Pause', () => simple(budget, 'Pause', 'pause', words.pause), { key: 'pause' }),
    isParked(budget)
      ? tool('Unpark', () => simple(budget, 'Unpark', 'unpark', words.unpark), { key: 'park' })
      : tool('Park', () => park(budget), { key: 'park' }),
  );
}

function simple(budget, verb, path, about) {
  openDialog({
    title: `${verb} budget ${budget.name}`, verb, about,
    fields: [{ ...reasonField, isFirst: true }],
    command: values => ['tranche budget', path, format.shell(budget.name),
      ...(values.reason ? ['--reason', format.shell(values.reason)] : [])].join(' '),
    submit: async values => {
      await post(budgetPath(budget.name, `/${path}`), { reason: values.reason });
      return `${verb}: budget ${budget.name}.`;
    },
  });
}

function park(budget) {
  openDialog({
    title: `Park budget ${budget.name}`, verb: 'Park',
    about: 'Nothing is let in for a while; then it goes on by itself.',
    fields: [
      { name: 'seconds', label: 'For how long', value: '300', isFirst: true, choices: [
        ['60', '1 min'], ['300', '5 min'], ['900', '15 min'],
      ] },
      reasonField,
    ],
    command: values => ['tranche budget park', format.shell(budget.name), '--for',
      `${values.seconds}s`, ...(values.reason ? ['--reason', format.shell(values.reason)] : [])]
      .join(' '),
    submit: async values => {
      await post(budgetPath(budget.name, '/park'), {
        seconds: Number(values.seconds), reason: values.reason,
      });
      return `Parked: budget ${budget.name}.`;
    },
  });
}

/** How a body says that there is no limit any more. */
const without = { batches: 'no_batches', weight: 'no_weight', rate_per_s: 'no_rate' };

const fields = [
  ['batches', 'Batches', 'most at once; empty for any number'],
  ['weight', 'Weight', 'most at once; empty for any'],
  ['rate_per_s', 'Weight a second', 'most that is let in; empty for any'],
  ['burst', 'Burst', 'most that the rate keeps for later'],
];

function set(budget) {
  const texts = name => (budget[name] === null ? '' : String(budget[name]));
  openDialog({
    title: `Set budget ${budget.name}`, verb: 'Set',
    about: 'It holds at once. Lowered below what is out, it lets in nothing until enough of that '
      + 'has ended.',
    fields: [...fields.map(([name, label, hint], index) => ({
      name, label, hint, value: texts(name), isNumber: true, isFirst: index === 0,
    })), reasonField],
    submit: async values => {
      const body = { reason: values.reason };
      const changed = fields.filter(([name]) => values[name].trim() !== texts(name));
      for (const [name, label] of changed) {
        const value = typedNumber(values[name], label);
        if (value !== undefined) body[name] = value;
        else if (without[name]) body[without[name]] = true;
        else if (values.rate_per_s.trim() !== '') {
          // A rate has a burst of some size: there is nothing that this could become.
          throw new Refusal(0, { error: `${label}: give a number, or leave it as it is` });
        }
      }
      await post(budgetPath(budget.name, '/set'), body);
      return `Set: budget ${budget.name}.`;
    },
  });
}
