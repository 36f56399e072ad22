// Where in the page we are: a path and a query behind `#`, which work under any sub-path.

/** The parts of an address such as `#/runs/orders/?status=failed`. */
export function route(hash = location.hash) {
  const [path, text] = hash.replace(/^#\/?/, '').split('?');
  const parts = path.split('/').map(part => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return { page: parts[0] || 'overview', parts: parts.slice(1), query: new URLSearchParams(text) };
}

/** An address of the page. */
export function link(parts, parameters = {}) {
  const path = parts.map(part => encodeURIComponent(String(part))).join('/');
  const given = Object.entries(parameters)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([key, value]) => [key, String(value)]);
  const text = new URLSearchParams(given).toString();
  return `#/${path}${text ? `?${text}` : ''}`;
}

/** The address of a run; its source stands in the query, as names of files hold anything. */
export const runLink = (run, parameters = {}) =>
  link(['run', run.job, run.run ?? ''], { meta: run.meta, ...parameters });

/** The address of a batch. */
export const batchLink = batch => link(['batch', batch]);

/** The address where we are, with other parameters. */
export function here(parameters) {
  const { page, parts, query } = route();
  return link([page, ...parts], { ...Object.fromEntries(query), ...parameters });
}
