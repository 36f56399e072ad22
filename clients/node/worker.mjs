// Adds up the weights of each batch, in one process for many batches:
//
//   tranche work --job sum --meta files --count 100 --persistent -- node clients/node/worker.mjs
//
// The numbers of ids are exact up to 2^53 in JavaScript: take greater ones as text.
import { createInterface } from "node:readline";

/** Has a function work on each batch: `work(batch, items)` gives the result, or throws. */
export async function run(work) {
  // Standard output belongs to the answers.
  console.log = console.error;
  let batch;
  let items = [];
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (line.startsWith('{"batch":')) {
      batch = JSON.parse(line);
      items = [];
    } else if (line.startsWith('{"end":')) {
      process.stdout.write(JSON.stringify(await answer(work, batch, items)) + "\n");
    } else {
      items.push(JSON.parse(line));
    }
  }
}

async function answer(work, batch, items) {
  try {
    return { done: batch.batch, exit: 0, result: (await work(batch, items)) ?? null };
  } catch (error) {
    console.error(error);
    return { done: batch.batch, exit: 1, result: { error: String(error) } };
  }
}

await run((batch, items) => {
  if (items.some((item) => item.item === null)) throw new Error("an item has no payload");
  return { weight: items.reduce((sum, item) => sum + item.weight, 0) };
});
