// Many batches at once: first which, then, on just these, the action. The server keeps the list
// for a minute; what comes meanwhile is not touched.

import { post } from './api.js';
import { app, say } from './app-state.js';
import { attempt, buttons, closeDialog, drawDialog, input, openDialog, reasonField }
  from './dialog.js';
import { h } from './dom.js';
import * as format from './format.js';
import { refusal, state, table } from './parts.js';
import { actionPath, actionsPath } from './paths.js';

/**
 * Asks which, shows them, and acts.
 * @param {object} wish `title`, `verb` (such as `Retry`), `action`, `fields` of the filter, and
 *   `filter(values)`, which makes it.
 */
export function openBulk(wish) {
  const request = openDialog({ ...wish, class: 'large', body, preview: null, outcome: null });
  request.timer = setInterval(() => {
    if (request.preview && !request.outcome) drawDialog();
  }, 1000);
}

function body(request) {
  if (request.outcome) return outcome(request);
  return [filterForm(request), request.preview ? confirmForm(request) : null];
}

// MARK: Which

function filterForm(request) {
  const isFirst = !request.preview;
  return h('form', { key: 'filter', onsubmit: event => preview(event, request) },
    isFirst ? h('p', null, request.about) : null,
    h('div', { class: 'fields' }, request.fields.map(field => input(field, request))),
    isFirst && request.error ? refusal(request.error) : null,
    isFirst ? buttons({ ...request, isGrave: false, verb: 'Look which' })
      : h('button', { type: 'submit', disabled: request.isBusy }, 'Look again'));
}

async function preview(event, request) {
  event.preventDefault();
  await attempt(request, async () => {
    const found = await post(actionsPath, {
      action: request.action, filter: request.filter(request.values),
    });
    request.preview = { ...found, until: Date.now() + (found.expires_in ?? 60) * 1000 };
  });
}

// MARK: On these

/** Whole seconds that the list is still kept. */
const secondsLeft = found => Math.max(0, Math.ceil((found.until - Date.now()) / 1000));

/** Those that must not be repeated without a thought. */
const begun = found => `${format.count(found.begun, 'batch', 'batches')} may have been executed, `
  + 'and are left out: retry each by itself.';

function confirmForm(request) {
  const found = request.preview;
  const left = secondsLeft(found);
  const words = format.count(found.count, 'batch', 'batches');
  if (found.count === 0) {
    return h('p', { class: 'note', key: 'confirm', role: 'status' }, 'No batch is like that.',
      found.cut ? ' There are more than are looked at at once.' : '', found.begun ? ` ${begun(found)}` : '');
  }
  return h('form', { key: 'confirm', onsubmit: event => act(event, request) },
    h('p', { role: 'status' }, h('strong', null, words), found.count > found.first.length
      ? `, of which the first ${found.first.length}:` : ':',
    found.cut ? ' There are more than are taken at once; do the rest after these.' : '',
    found.begun ? ` ${begun(found)}` : ''),
    table('The first of them', [
      { title: 'Batch' }, { title: 'State' }, { title: 'Ids', class: 'ids' },
      { title: 'What it says', class: 'says' },
    ], found.first.map(batch => ({ key: String(batch.batch), cells: [
      `#${batch.batch}`, state(batch.status),
      h('code', null, format.range(batch.id_start, batch.id_end)),
      h('span', { class: 'line' }, (batch.logging ?? '').split('\n')[0]),
    ] }))),
    input(reasonField, request),
    request.error ? refusal(request.error) : null,
    h('p', { class: 'quiet countdown' }, left > 0
      ? `This list is kept for ${left} s more. What comes meanwhile is not touched.`
      : 'This list is no longer kept: look again.'),
    h('div', { class: 'tools' },
      h('button', { type: 'submit', class: 'main grave', disabled: request.isBusy || left === 0 },
        `${request.verb} ${words}`),
      h('button', { type: 'button', onclick: closeDialog }, 'Leave it')));
}

async function act(event, request) {
  event.preventDefault();
  await attempt(request, async () => {
    request.outcome = await post(actionPath(request.preview.token), {
      reason: request.values.reason,
    });
    say(`${request.verb}: ${words(request.outcome)}.`);
    app.store.refresh();
  });
}

// MARK: What came of it

/** How many were done, and how many were not. */
const words = ({ done, failed }) => format.count(done, 'batch', 'batches')
  + (failed.length ? `, ${failed.length} left as they were` : '');

const outcome = request => [
  h('p', null, h('strong', null, `${request.verb}: ${words(request.outcome)}.`)),
  h('ul', { class: 'plain-list' }, request.outcome.failed.slice(0, 50)
    .map(each => h('li', { key: String(each.batch) }, `#${each.batch}: ${each.error}`))),
  h('div', { class: 'tools' }, h('button', {
    type: 'button', class: 'main', onclick: closeDialog, autofocus: true,
  }, 'Close')),
];
