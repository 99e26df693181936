// pg-boss: eight workers that take 500 jobs at once. It keeps jobs that are done.
import PgBoss from 'pg-boss';
import { countdown, chunks, drain, jobs, url } from './contest.mjs';

const boss = new PgBoss({ connectionString: url, max: 10 });
boss.on('error', console.error);
await boss.start();
await boss.createQueue('noop');
for (const ids of chunks(jobs, 10000)) {
  await boss.insert(ids.map(id => ({ name: 'noop', data: { n: id } })));
}

await drain(async () => {
  const { all, ran } = countdown();
  for (let worker = 0; worker < 8; worker++) {
    await boss.work('noop', { batchSize: 500, pollingIntervalSeconds: 0.5 }, async batch => ran(batch.length));
  }
  await all;
  return () => boss.stop({ graceful: false });
}, "SELECT 1 FROM pgboss.job WHERE name = 'noop' AND state < 'completed' LIMIT 1");
