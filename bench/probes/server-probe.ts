import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

// Loaded into `dogear serve` with `--import`: answers its parent's questions over the IPC channel.
//   `reset`  forgets what was, and begins to watch the event loop
//   `read`   answers with a ServerReading (sync/bench-server.ts)
// The watch costs a timer every millisecond, so it is on only where it is asked for.

/** The timer's own interval, which every delay contains. */
const RESOLUTION_MS = 1;

let histogram: IntervalHistogram | undefined;
let cpuBefore = process.cpuUsage();

if (isMainThread && process.send !== undefined) {
  process.on('message', (message) => {
    if (message === 'reset') {
      histogram ??= monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      histogram.enable();
      histogram.reset();
    }
    if (message === 'reset' || message === 'reset-cpu') cpuBefore = process.cpuUsage();
    if (message === 'read') {
      const cpu = process.cpuUsage(cpuBefore);
      process.send?.({
        longestBlockMs: Math.max(0, (histogram?.max ?? 0) / 1e6 - RESOLUTION_MS),
        blockP999Ms: Math.max(0, (histogram?.percentile(99.9) ?? 0) / 1e6 - RESOLUTION_MS),
        cpuSeconds: (cpu.user + cpu.system) / 1e6,
        rssBytes: process.memoryUsage.rss(),
      });
    }
  });
  // The channel must not keep a server alive that was told to stop.
  process.channel?.unref();
}
