import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

// Loaded into a measured program with `--import`: when the program exits, its peak memory is written to the file that
// BENCH_PROCESS_REPORT names. Worker threads load this module too and write nothing: the peak is that of the process.

const file = process.env['BENCH_PROCESS_REPORT'];
if (file !== undefined && isMainThread) {
  process.once('exit', () => {
    writeFileSync(file, JSON.stringify({ maxRssBytes: process.resourceUsage().maxRSS * 1024 }));
  });
}
