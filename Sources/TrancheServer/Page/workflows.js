// Workflows: runs that were described once, and are watched and steered from anywhere.

import { h } from './dom.js';
import * as format from './format.js';
import { done } from './coverage.js';
import { known, state, table, text, when } from './parts.js';
import { overviewPath, workflowsPath } from './paths.js';
import { runLink } from './route.js';

export const title = () => 'Workflows';
export const paths = () => [workflowsPath, overviewPath];

const name = ({ meta, job, run }) => `${meta}\n${job}\n${run}`;

export function view(_, store) {
  // How far they are is looked at for the overview, once for all who ask.
  const shown = new Map((store.value(overviewPath)?.jobs ?? []).map(job => [name(job), job]));
  return [h('h1', null, 'Workflows'), known(store.see(workflowsPath), document => [
    document.workflows.length === 0 ? h('p', { class: 'note' }, 'None was started. ',
      h('code', null, 'tranche workflow start FILE'), ' starts one.') : null,
    table('Workflows, by source and job', [
      { title: 'Job' }, { title: 'Source' }, { title: 'State' }, { title: 'Done', class: 'number' },
      { title: 'Generation', class: 'number' }, { title: 'Started by' },
      { title: 'Since', class: 'number' }, { title: 'Description' },
    ], document.workflows.map(flow => row(flow, shown.get(name(flow))))),
  ])];
}

/** A description as it was given. */
const written = description => JSON.stringify(description, (_, value) =>
  (typeof value === 'bigint' ? String(value) : value), 2);

const row = (flow, job) => ({ key: name(flow), cells: [
  [h('a', { href: runLink(flow), class: 'name' }, flow.job),
    flow.run ? h('span', { class: 'run' }, flow.run) : null],
  h('span', { class: 'source' }, flow.meta), job ? state(job.status) : format.dash,
  format.percent(done(job?.coverage)), String(flow.generation), flow.started_by ?? format.dash,
  when(flow.started_at),
  flow.description ? h('details', null, h('summary', null, 'show'),
    text(written(flow.description), `description of ${flow.job}`)) : format.dash,
] });
