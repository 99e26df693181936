// What every contestant does alike: it says that its backlog is filled, waits for the word, and says how long it took until the store had no job left.
import { createInterface } from 'node:readline';
import pg from 'pg';

export const [url, jobs, mode] = [process.argv[2], Number(process.argv[3]), process.argv[4]];

/** Numbers from 0, in lists of so many. */
export function* chunks(count, size) {
  for (let first = 0; first < count; first += size) {
    yield Array.from({ length: Math.min(size, count - first) }, (_, i) => first + i);
  }
}

/** Counts the jobs that were run; `all` is over when the last one was. */
export function countdown() {
  let left = jobs, over;
  const all = new Promise(resolve => { over = resolve; });
  return { all, ran: (count = 1) => { if ((left -= count) <= 0) over(); } };
}

/** Waits for the word, runs `work`, then waits until `unfinished` (a query) finds no row. */
export async function drain(work, unfinished) {
  const store = new pg.Client({ connectionString: url });
  await store.connect();
  await word();
  const began = performance.now();
  const stop = await work();
  while ((await store.query(unfinished)).rowCount > 0) {
    await new Promise(resolve => setTimeout(resolve, 1));
  }
  const seconds = (performance.now() - began) / 1000;
  await stop();
  await store.end();
  console.log(`drained ${seconds}`);
  process.exit(0);
}

async function word() {
  console.log('filled');
  const lines = createInterface({ input: process.stdin });
  await new Promise(resolve => lines.once('line', resolve));
  lines.close();
}
