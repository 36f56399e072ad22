// An audit of a run: what it handed out beside what its source has, a part at a time, in words.

import { get } from './api.js';
import { attempt, buttons, command, input, openDialog } from './dialog.js';
import { h } from './dom.js';
import * as format from './format.js';
import { refusal, text } from './parts.js';
import { runPath } from './paths.js';

const named = run => `${run.job}${run.run ? ` / ${run.run}` : ''}`;

/** Asks which ids, compares them, and says what differs; nothing is changed. */
export function openAudit(run) {
  openDialog({
    title: `Audit ${named(run)}`, class: 'large', body, run, found: null,
    fields: [
      { name: 'from', label: 'From id', isNumber: true, isFirst: true,
        hint: 'empty for the first' },
      { name: 'to', label: 'To id', isNumber: true, hint: 'empty for the last' },
    ],
    command: values => line(run, values),
  });
}

const line = (run, { from, to }, ...more) => ['tranche', 'audit', '--job', format.shell(run.job),
  ...(run.meta ? ['--meta', format.shell(run.meta)] : []),
  ...(run.run ? ['--run', format.shell(run.run)] : []),
  ...(from.trim() ? ['--from', format.shell(from.trim())] : []),
  ...(to.trim() ? ['--to', format.shell(to.trim())] : []), ...more].join(' ');

function body(request) {
  const { found } = request;
  const verb = found === null ? 'Compare' : found.finished ? 'Compare again' : 'Go on';
  return h('form', { key: 'audit', onsubmit: event => compare(event, request) },
    found ? null : h('p', null, 'The ids that were handed out are compared with those that the '
      + 'source has. Nothing is changed.'),
    h('div', { class: 'fields' }, request.fields.map(field => input(field, request))),
    found ? result(found, request) : null,
    request.error ? refusal(request.error) : null,
    command(request),
    buttons({ verb, isBusy: request.isBusy }));
}

/** Compares the next part of the same ids, or the first of others. */
async function compare(event, request) {
  event.preventDefault();
  if (request.isBusy) return;
  await attempt(request, async () => {
    const [from, to] = [request.values.from.trim(), request.values.to.trim()];
    const { found } = request;
    const goesOn = found && !found.finished && found.from === from && found.to === to;
    const before = goesOn ? found : null;
    const part = await get(runPath(request.run, '/audit', { from, to, after: before?.next_id }));
    request.found = joined(before, part, from, to);
  });
}

const kinds = ['appeared', 'vanished', 'doubled'];

/** What parts found, together. */
function joined(before, part, from, to) {
  if (before === null) return { ...part, from, to };
  const sum = { ...part, from, to, uncertain: [...before.uncertain, ...part.uncertain] };
  for (const name of ['tiles', 'ids', 'compared']) sum[name] = before[name] + part[name];
  for (const name of kinds) {
    sum[name] = {
      count: before[name].count + part[name].count,
      ids: [before[name].ids, part[name].ids].filter(Boolean).join(','),
    };
  }
  return sum;
}

// MARK: In words

const words = {
  appeared: 'The source has them, and no batch was given them',
  vanished: 'A batch was given them, and the source has them no more',
  doubled: 'They stand more than once in the source',
};

function result(found, request) {
  const isSame = kinds.every(name => found[name].count === 0) && found.uncertain.length === 0;
  return h('div', { key: 'result' },
    h('p', { role: 'status' }, h('strong', null, isSame ? 'Nothing differs' : 'There are '
      + 'differences'), found.finished ? '. ' : ' so far. ',
    `Looked at ${format.count(found.tiles, 'batch', 'batches')} with `
      + `${format.count(found.ids, 'id')}; of ${format.count(found.compared, 'batch', 'batches')} `
      + 'id by id.',
    found.finished ? '' : ` It goes on behind id ${format.id(found.next_id)}.`),
    kinds.filter(name => found[name].count > 0).map(name => h('div', { key: name },
      h('p', null, h('b', null, `${format.count(found[name].count, 'id')}. `), words[name], '.'),
      text(shown(found[name].ids), name))),
    found.uncertain.length ? h('p', { key: 'uncertain' }, 'Of ',
      format.count(found.uncertain.length, 'adopted batch', 'adopted batches'),
      ' nobody knows the ids, and the source has another number there: ',
      found.uncertain.slice(0, 20).map(batch => `#${batch.batch}`).join(', '), '.') : null,
    found.appeared.count > 0 ? h('p', { key: 'repair' }, 'This hands out what appeared: ',
      h('code', null, line(request.run, found, '--repair'))) : null);
}

/** As many ids as one reads; `tranche audit --json` has all. */
const shown = ids => (ids.length > 2000 ? `${ids.slice(0, 2000)} …` : ids);
