// The addresses of the server's documents.

import { query, segment } from './api.js';

/** The address of a run; the incremental run has no name, and `-` stands for it. */
export function runPath({ job, run, meta }, rest = '', parameters = {}) {
  const name = run ? segment(run) : '-';
  return query(`v1/runs/${segment(job)}/${name}${rest}`, { meta, ...parameters });
}

export const overviewPath = 'v1/overview';
export const runsPath = parameters => query('v1/runs', parameters);
export const batchPath = (batch, rest = '') => `v1/batches/${segment(String(batch))}${rest}`;
export const itemPath = (id, meta) => query(`v1/items/${segment(String(id))}`, { meta });
export const budgetsPath = 'v1/budgets';
export const budgetPath = (name, rest = '') => `v1/budgets/${segment(name)}${rest}`;
export const workflowsPath = 'v1/workflows';
export const graphPath = 'v1/graph';
export const changesPath = parameters => query('v1/changes', parameters);
export const actionsPath = 'v1/actions';
export const actionPath = token => `v1/actions/${segment(token)}`;
export const backfillPath = job => `v1/jobs/${segment(job)}/backfill`;
