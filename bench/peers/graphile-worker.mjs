// graphile-worker: `default`, or `batched` with its fastest documented settings. It deletes jobs that are done.
import { makeWorkerUtils, run } from 'graphile-worker';
import { countdown, chunks, drain, jobs, mode, url } from './contest.mjs';

const settings = mode === 'batched' ? { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } : {};
const utils = await makeWorkerUtils({ connectionString: url });
await utils.migrate();
for (const ids of chunks(jobs, 10000)) {
  await utils.addJobs(ids.map(id => ({ identifier: 'noop', payload: { n: id } })));
}
await utils.release();

await drain(async () => {
  const { all, ran } = countdown();
  const runner = await run({
    connectionString: url,
    noHandleSignals: true,
    taskList: { noop: () => ran() },
    preset: { worker: { concurrentJobs: 24, maxPoolSize: 25, ...settings } },
  });
  await all;
  return () => runner.stop();
}, 'SELECT 1 FROM graphile_worker._private_jobs LIMIT 1');
