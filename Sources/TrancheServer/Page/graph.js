// The graph of the pipeline: inputs and processes, and the jobs by which their links run.

import { h } from './dom.js';
import * as format from './format.js';
import { box, layout } from './graph-layout.js';
import { figure, known, state, table } from './parts.js';
import { graphPath, overviewPath } from './paths.js';
import { link, runLink } from './route.js';

export const title = () => 'Graph';
export const paths = () => [graphPath, overviewPath];

export function view(_, store) {
  const jobs = new Map((store.value(overviewPath)?.jobs ?? []).filter(job => !job.run)
    .map(job => [job.job, job]));
  return [h('h1', null, 'Graph'), known(store.see(graphPath), graph => {
    const names = [...graph.inputs, ...graph.processes];
    if (names.length === 0 && graph.jobs.length === 0) {
      return h('p', { class: 'note' }, 'This server runs no pipeline: ', h('code', null,
        'tranche serve --pipeline FILE'), ' shows one.');
    }
    return [
      names.length === 0 ? null : h('div', {
        class: 'canvas', tabindex: '0', role: 'region', 'aria-label': 'The graph as a drawing',
      }, drawing(graph, names, jobs)),
      names.length === 0 ? null : table('Links, each behind that whose results it reads', [
        { title: 'Job' }, { title: 'From' }, { title: 'To' }, { title: 'State' },
        { title: 'Waiting', class: 'number' }, { title: 'Oldest', class: 'number' },
      ], graph.links.map(each => row(each, jobs.get(each.job))), { shown: true }),
      served(graph.jobs),
    ];
  })];
}

const address = (each, job) => runLink({ job: each.job, run: '', meta: job?.meta ?? each.meta });

const row = (each, job) => ({ key: each.job, cells: [
  h('a', { href: address(each, job), class: 'name' }, each.job), each.from, each.to,
  job ? state(job.status) : format.dash, figure(job?.backlog?.items),
  format.span(job?.oldest_seconds),
] });

const served = all => (all.length === 0 ? null : table('Jobs that this server hands out',
  [{ title: 'Job' }, { title: 'Run' }, { title: 'Source' }],
  all.map(each => ({ key: `${each.job}\n${each.run}`, cells: [
    h('a', { href: runLink(each), class: 'name' }, each.job), format.runName(each.run),
    h('span', { class: 'source' }, each.source),
  ] })), { shown: true }));

// MARK: Drawing

function drawing(graph, names, jobs) {
  const { places, width, height } = layout(names, graph.links);
  return h('svg', {
    class: 'graph', role: 'group',
    'aria-label': 'Inputs and processes; the table below says the same',
    viewBox: `-4 -4 ${width + 8} ${height + 8}`, width: width + 8, height: height + 8,
  }, graph.links.map(each => edge(each, places, jobs.get(each.job))),
  names.map(name => node(name, places.get(name), graph.inputs.includes(name))));
}

function edge(each, places, job) {
  const [from, to] = [places.get(each.from), places.get(each.to)];
  if (!from || !to) return null;
  const [x1, y1] = [from.x + box.width, from.y + box.height / 2];
  const [x2, y2] = [to.x, to.y + box.height / 2];
  const bend = Math.max(36, (x2 - x1) / 2);
  const waiting = job?.backlog?.items ?? null;
  const words = `${each.from} to ${each.to}: ${job?.status ?? 'not begun'}, `
    + `${format.short(waiting)} waiting`;
  return h('a', { key: `edge ${each.job}`, href: address(each, job), 'aria-label': words },
    h('path', {
      class: `edge is-${job?.status ?? 'unknown'}`,
      d: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - 7} ${y2}`,
    }, h('title', null, words)),
    h('path', { class: 'tip', d: `M${x2 - 9} ${y2 - 5} L${x2} ${y2} L${x2 - 9} ${y2 + 5} Z` }),
    waiting ? h('text', {
      // At three tenths of the curve: where lines cross in the middle, figures do not.
      class: 'load', x: x1 + (x2 - x1) * 0.34, y: y1 + (y2 - y1) * 0.216 - 6,
      'text-anchor': 'middle',
    }, format.short(waiting)) : null);
}

/** A name that fits into its box. */
const fitted = name => (name.length > 20 ? `${name.slice(0, 19)}…` : name);

const node = (name, { x, y }, isInput) => h('a', {
  key: `node ${name}`, href: link(['jobs'], { q: name }), 'aria-label': isInput
    ? `input ${name}` : `process ${name}`,
}, h('rect', {
  class: isInput ? 'node input' : 'node', x, y, width: box.width, height: box.height,
  rx: isInput ? box.height / 2 : 8,
}, h('title', null, name)), h('text', {
  class: 'name', x: x + box.width / 2, y: y + box.height / 2, dy: '.35em', 'text-anchor': 'middle',
}, fitted(name)));
