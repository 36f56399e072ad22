// What an operator can do with a run and with a batch, each with a reason.

import { post } from './api.js';
import { openBulk } from './bulk.js';
import { openDialog, reasonField, typedInteger, typedNumber } from './dialog.js';
import { shell } from './format.js';
import { backfillPath, batchPath, runPath } from './paths.js';

const named = run => `${run.job}${run.run ? ` / ${run.run}` : ''}`;

/** A command line about a run. */
function line(command, run, ...more) {
  const words = ['tranche', command, '--job', shell(run.job)];
  if (run.meta) words.push('--meta', shell(run.meta));
  if (run.run) words.push('--run', shell(run.run));
  return [...words, ...more].join(' ');
}

const because = values => (values.reason ? ['--reason', shell(values.reason)] : []);

/** A dialog that asks for a reason alone. */
function simple(run, verb, path, command, about, isGrave = false) {
  openDialog({
    title: `${verb} ${named(run)}`, about, verb, isGrave,
    fields: [{ ...reasonField, isFirst: true }],
    command: values => line(command, run, ...because(values)),
    submit: async values => {
      await post(runPath(run, `/${path}`), { reason: values.reason });
      return `${verb}: ${named(run)}.`;
    },
  });
}

export const pauseRun = run => simple(run, 'Pause', 'pause', 'pause',
  'Nothing more is handed out of it. What is in hand goes on, and nothing is lost.');

/** It goes on where it stopped, or lets a few batches through first. */
export function resumeRun(run) {
  openDialog({
    title: `Resume ${named(run)}`, verb: 'Resume',
    about: 'It goes on where it stopped. After a fix, let a few batches through first: then it is '
      + 'paused again.',
    fields: [
      { name: 'batches', label: 'Let through', isNumber: true, isFirst: true,
        hint: 'so many batches; empty for all' },
      reasonField,
    ],
    command: values => line('resume', run,
      ...(values.batches ? ['--batches', shell(values.batches)] : []), ...because(values)),
    submit: async values => {
      await post(runPath(run, '/resume'), {
        reason: values.reason, batches: typedInteger(values.batches, 'Let through'),
      });
      return `Resume: ${named(run)}.`;
    },
  });
}

export const cancelRun = run => simple(run, 'Cancel', 'cancel', 'cancel',
  'Nothing more is handed out, and what is in hand is stopped and ends as cancelled. Resume and '
  + 'retry take it back.', true);

const textOf = value => (value === null || value === undefined ? '' : String(value));

export function setRun(run) {
  const before = {
    parallelism: textOf(run.parallelism), priority: textOf(run.priority), share: textOf(run.share),
  };
  const changed = (values, name) => values[name].trim() !== before[name];
  openDialog({
    title: `Set limits of ${named(run)}`, verb: 'Set',
    about: 'They hold at once, for all workers on all machines.',
    fields: [
      { name: 'parallelism', label: 'Parallelism', value: before.parallelism, isNumber: true,
        hint: 'most batches at once; empty for any number, 0 hands out nothing', isFirst: true },
      { name: 'priority', label: 'Priority', value: before.priority, isNumber: true,
        hint: 'under a budget, a higher one comes first' },
      { name: 'share', label: 'Share', value: before.share, isNumber: true,
        hint: 'its part of a budget beside others that wait' },
      reasonField,
    ],
    command: values => (Object.keys(before).some(name => changed(values, name)) ? line('set', run,
      ...(changed(values, 'parallelism') ? ['--parallelism', values.parallelism || 'none'] : []),
      ...(changed(values, 'priority') ? ['--priority', values.priority] : []),
      ...(changed(values, 'share') ? ['--share', values.share] : []), ...because(values)) : null),
    submit: async values => {
      const body = { reason: values.reason };
      if (changed(values, 'parallelism')) {
        body.parallelism = typedInteger(values.parallelism, 'Parallelism');
        if (body.parallelism === undefined) body.no_parallelism = true;
      }
      if (changed(values, 'priority')) {
        body.priority = typedInteger(values.priority, 'Priority') ?? 0;
      }
      if (changed(values, 'share')) body.share = typedNumber(values.share, 'Share') ?? 1;
      await post(runPath(run, '/set'), body);
      return `Set: ${named(run)}.`;
    },
  });
}

export function backfill(run) {
  openDialog({
    title: `Backfill ${run.job}`, verb: 'Begin it',
    about: 'Hands out a range of ids once more, as a run with a name of its own, beside the '
      + 'others. The server\'s pipeline says what is done with it.',
    fields: [
      { name: 'run', label: 'Name', isRequired: true, isFirst: true, most: 128,
        hint: 'such as fix-2026-11' },
      { name: 'from', label: 'From id', isNumber: true, hint: 'empty for the first' },
      { name: 'to', label: 'To id', isNumber: true,
        hint: 'inclusive; empty for the last, but not both' },
      reasonField,
    ],
    submit: async values => {
      await post(backfillPath(run.job), {
        run: values.run, from: typedInteger(values.from, 'From id'),
        to: typedInteger(values.to, 'To id'), reason: values.reason,
      });
      return `Backfill ${values.run} of ${run.job} has begun.`;
    },
  });
}

const bulkWords = {
  retry: ['Retry', 'Failed batches are offered again, at once.'],
  redrive: ['Redrive', 'Quarantined items become batches again.'],
  release: ['Release', 'Batches in hand are taken from their workers, and offered '
    + 'to others.'],
};

/** Many batches of a run at once. */
export function bulk(action, run) {
  const [verb, about] = bulkWords[action];
  openBulk({
    title: `${verb} batches of ${named(run)}`, verb, action, about,
    fields: [
      // What is in hand has no error.
      ...(action === 'release' ? []
        : [{ name: 'error', label: 'Error contains', hint: 'empty for any', isFirst: true }]),
      { name: 'from', label: 'From id', isNumber: true, isFirst: action === 'release' },
      { name: 'to', label: 'To id', isNumber: true },
    ],
    filter: values => ({
      job: run.job, meta: run.meta, run: run.run, error: values.error || undefined,
      from: typedInteger(values.from, 'From id'), to: typedInteger(values.to, 'To id'),
    }),
  });
}

/** What is wanted before a batch is offered again whose run executes each at most once. */
const repeatField = { name: 'may_repeat', label: 'It may be executed twice', type: 'checkbox',
  isRequired: true, hint: 'its program had begun: nobody knows how far it came' };

/** A dialog about one batch. */
function ofBatch(batch, verb, path, about, { isGrave = false, isAgain = false } = {}) {
  const isBegun = isAgain && Boolean(batch.begun_at);
  openDialog({
    title: `${verb} batch #${batch.batch}`, verb, about, isGrave,
    fields: [...(isBegun ? [repeatField] : []), { ...reasonField, isFirst: true }],
    command: () => `tranche ${path} --batch ${batch.batch}${isBegun ? ' --may-repeat' : ''}`,
    submit: async values => {
      await post(batchPath(batch.batch, `/${path}`), {
        reason: values.reason, may_repeat: isBegun ? values.may_repeat === 'yes' : undefined,
      });
      return `${verb}: batch #${batch.batch}.`;
    },
  });
}

export const retryBatch = batch => ofBatch(batch, 'Retry', 'retry',
  'It is offered again, at once.', { isAgain: true });

export const redriveBatch = batch => ofBatch(batch, 'Redrive', 'redrive',
  'It becomes a batch again, with all its attempts.');

export const cancelBatch = batch => ofBatch(batch, 'Cancel', 'cancel',
  'Who holds it stops, and it ends as cancelled. Retry takes it back.',
  { isGrave: true });

export const splitBatch = batch => ofBatch(batch, 'Split', 'split',
  'It becomes two batches of half its weight, so that one bad item holds back only its half.',
  { isAgain: true });
