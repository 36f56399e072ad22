// Places the parts of a pipeline: each in a column behind all that lead to it, and in a row near
// those that it belongs to.

/** The size of a box, and the room between two. */
export const box = { width: 168, height: 44, across: 96, down: 22 };

/**
 * Places boxes.
 * @param {string[]} names the boxes.
 * @param {{from: string, to: string}[]} edges what leads where.
 * @returns {{places: Map<string, {x, y}>, width: number, height: number}} where each stands, and
 *   how large all of it is.
 */
export function layout(names, edges) {
  const columns = inColumns(names, edges);
  order(columns, edges);
  const most = Math.max(1, ...columns.map(column => column.length));
  const height = most * (box.height + box.down) - box.down;
  const places = new Map();
  columns.forEach((column, index) => {
    const own = column.length * (box.height + box.down) - box.down;
    column.forEach((name, row) => places.set(name, {
      x: index * (box.width + box.across),
      y: (height - own) / 2 + row * (box.height + box.down),
    }));
  });
  const width = columns.length * (box.width + box.across) - box.across;
  return { places, width: Math.max(width, box.width), height };
}

/** A box stands one column behind the last of those that lead to it. */
function inColumns(names, edges) {
  const depth = new Map(names.map(name => [name, 0]));
  // As often as the longest way can be; a cycle, which is refused elsewhere, ends there too.
  for (let round = 0; round < names.length; round += 1) {
    let isDone = true;
    for (const { from, to } of edges) {
      const behind = (depth.get(from) ?? 0) + 1;
      if (behind <= (depth.get(to) ?? 0) || behind >= names.length) continue;
      depth.set(to, behind);
      isDone = false;
    }
    if (isDone) break;
  }
  const columns = [];
  for (const name of names) (columns[depth.get(name)] ??= []).push(name);
  return columns.filter(Boolean);
}

/** Puts each near the middle of those that it is joined to, some times there and back. */
function order(columns, edges) {
  const joined = new Map();
  const join = (a, b) => joined.set(a, [...(joined.get(a) ?? []), b]);
  for (const { from, to } of edges) {
    join(from, to);
    join(to, from);
  }
  for (let round = 0; round < 4; round += 1) {
    const rows = new Map();
    for (const column of columns) column.forEach((name, row) => rows.set(name, row));
    for (const column of columns) {
      const middle = name => {
        const others = joined.get(name) ?? [];
        return others.reduce((sum, other) => sum + rows.get(other), 0) / (others.length || 1);
      };
      const weights = new Map(column.map(name => [name, middle(name)]));
      column.sort((a, b) => weights.get(a) - weights.get(b));
    }
  }
}
