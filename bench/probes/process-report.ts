import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

// Loaded into a program under measurement with `--import`: when it ends, it leaves what it took in the file that
// BENCH_PROCESS_REPORT names. The threads of the program load it too, but are counted with it.

const file = process.env['BENCH_PROCESS_REPORT'];
if (file !== undefined && isMainThread) {
  process.once('exit', () => {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    writeFileSync(
      file,
      JSON.stringify({ maxRssBytes: maxRSS * 1024, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6 }),
    );
  });
}
