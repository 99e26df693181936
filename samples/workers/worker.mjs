#!/usr/bin/env node
// A worker for `protocol: stream`: one process, many jobs, one JSON object a line. Put your work into `work`.
import { createInterface } from "node:readline";

const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");

class Answered extends Error {
  constructor(url, { status, headers }) {
    super(`${url} answered ${status}`);
    Object.assign(this, { status, seconds: Number(headers.get("retry-after")) || 30 });
  }
}

/** Does one job and returns its result; here it counts the bytes behind some addresses. */
async function work(job, { urls }) {
  let bytes = 0;
  for (const [index, url] of urls.entries()) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(30_000) });
    if (!answer.ok) throw new Answered(url, answer);
    bytes += (await answer.arrayBuffer()).byteLength;
    say({ progress: job, processed: index + 1, total: urls.length });
  }
  return { bytes };
}

for await (const line of createInterface({ input: process.stdin })) {   // ends when this process is no longer needed
  const { job, payload } = JSON.parse(line);
  if (job === undefined) continue;   // {"cancel": …} of a job that is finished
  try {
    say({ done: job, result: await work(job, payload) });
  } catch (error) {
    if (error.status === 429) say({ defer: job, seconds: error.seconds, reason: error.message });   // come again, at no cost
    else say({ failed: job, error: `${error.message}`, retry: !(error.status < 500) });
  }
}
