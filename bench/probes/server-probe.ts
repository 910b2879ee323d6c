import { Session } from 'node:inspector/promises';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

// Loaded into `dogear serve` with `--import`: answers messages of its parent over the IPC channel.
//   `reset`        starts counting processor time and event loop delays anew
//   `reset-cpu`    the same for processor time alone
//   `read`         answers with a ServerReading (sync/bench-server.ts)
//   `profile`      starts a CPU profile
//   `end-profile`  answers with the profile, as the text of a .cpuprofile file
// Watching the event loop costs a timer every millisecond, so only `reset` turns it on.

/** Interval of the timer that measures delays; every measured delay contains it. */
const RESOLUTION_MS = 1;

/** Interval of the profiler. */
const SAMPLE_EVERY_US = 200;

let histogram: IntervalHistogram | undefined;
let cpuBefore = process.cpuUsage();
let session: Session | undefined;

async function beginProfile(): Promise<void> {
  session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
  await session.post('Profiler.start');
}

async function endProfile(): Promise<string> {
  if (session === undefined) throw new Error('no profile was begun');
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return JSON.stringify(profile);
}

if (isMainThread && process.send !== undefined) {
  process.on('message', (message) => {
    if (message === 'reset') {
      histogram ??= monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      histogram.enable();
      histogram.reset();
    }
    if (message === 'reset' || message === 'reset-cpu') cpuBefore = process.cpuUsage();
    if (message === 'profile') void beginProfile().then(() => process.send?.('profiling'));
    if (message === 'end-profile') void endProfile().then((profile) => process.send?.(profile));
    if (message === 'read') {
      const cpu = process.cpuUsage(cpuBefore);
      process.send?.({
        longestBlockMs: Math.max(0, (histogram?.max ?? 0) / 1e6 - RESOLUTION_MS),
        blockP999Ms: Math.max(0, (histogram?.percentile(99.9) ?? 0) / 1e6 - RESOLUTION_MS),
        cpuSeconds: (cpu.user + cpu.system) / 1e6,
      });
    }
  });
  // The benchmark has ended, and the server is of no use without it.
  process.once('disconnect', () => process.exit());
  // An open channel would keep a server alive that was told to stop.
  process.channel?.unref();
}
