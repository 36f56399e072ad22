// Adds up the weights of each batch, in one process per batch, or with --persistent in one for many:
//
//   tranche work --job sum --meta files --count 100 -- node clients/node/worker.mjs
//   tranche work --job sum --meta files --count 100 --persistent -- node clients/node/worker.mjs
//
// The numbers of ids are exact up to 2^53 in JavaScript: take greater ones as text.
//
// A worker of your own: import { run } from "./worker.mjs"; await run((batch, items) => …);

import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The number of the protocol that this program speaks with --persistent. */
const protocol = "1";

/** Has a function work on each batch: `work(batch, items)` gives the result, or throws. */
export async function run(work) {
  // Standard output belongs to the answers.
  console.log = console.error;
  const spoken = process.env.TRANCHE_PERSISTENT;
  if (spoken === undefined) return runOnce(work);
  if (spoken !== protocol) {
    return refuse(`tranche speaks protocol ${spoken}, and this program ${protocol}`);
  }
  let batch;
  let items = [];
  for await (const line of lines()) {
    if (line.startsWith('{"batch":')) {
      batch = JSON.parse(line);
      items = [];
    } else if (line.startsWith('{"end":')) {
      const { status, result } = await worked(work, batch, items);
      say({ done: batch.batch, exit: status, result });
    } else {
      items.push(line);
    }
  }
}

/** Works on the one batch that this process was started for, and exits as `tranche work` wants it. */
async function runOnce(work) {
  if (process.env.TRANCHE_BATCH === undefined) {
    return refuse("this program is run by 'tranche work': there is no TRANCHE_BATCH");
  }
  const items = [];
  for await (const line of lines()) items.push(line);
  const batch = { batch: Number(process.env.TRANCHE_BATCH), env: process.env };
  const { status, result } = await worked(work, batch, items);
  if (result !== null) say(result);
  process.exitCode = status;
}

/** The lines of standard input, parted at line feeds alone: JSON may hold U+2028 and U+2029 as they are. */
async function* lines() {
  let rest = "";
  for await (const text of process.stdin.setEncoding("utf8")) {
    const parts = text.split("\n");
    parts[0] = rest + parts[0];
    rest = parts.pop();
    yield* parts;
  }
  if (rest !== "") yield rest;
}

async function worked(work, batch, lines) {
  try {
    const items = lines.map((line) => JSON.parse(line));
    return { status: 0, result: (await work(batch, items)) ?? null };
  } catch (error) {
    console.error(error);
    return { status: 1, result: { error: String(error) } };
  }
}

function say(answer) {
  process.stdout.write(JSON.stringify(answer) + "\n");
}

/** Ends as a program that is called in a wrong way does: nothing counts as done. */
function refuse(words) {
  console.error(words);
  process.exitCode = 64;
  process.stdin.destroy();
}

/** Whether this file is the program, and no other that takes `run` from it. */
function isProgram() {
  const program = process.argv[1];
  return program !== undefined && realpathSync(program) === realpathSync(fileURLToPath(import.meta.url));
}

if (isProgram()) {
  await run((batch, items) => {
    if (items.some((item) => item.item === null)) throw new Error("an item has no payload");
    return { weight: items.reduce((sum, item) => sum + item.weight, 0) };
  });
}
