import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { runTask } from '../../../engine/pool/task-runner.js';
import type { TaskScheduler } from '../../../engine/pool/task-scheduler.js';
import { minFilesPerTask } from '../../../engine/pool/task-sizes.js';
import { WalkRun } from '../../../engine/pool/walk-run.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const FILES = 200;
/** A step looks at the clock once for as many. */
const FILES_A_STEP = 16;
/** What a step of the walk takes, longer than a batch that is large enough waits for more files. */
const STEP_MS = 60;

afterEach(() => {
  vi.useRealTimers();
});

/** @returns the sizes of the batches of a walk whose steps find `FILES_A_STEP` files each, by a clock that the steps alone move */
async function batchesOfLateWalk(minBatchEntries: number): Promise<readonly number[]> {
  const { path } = await temporaryFolder();
  for (let file = 0; file < FILES; file += 1) writeFileSync(join(path, `${file}.epub`), 'a book');
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  const nothing = (): void => undefined;
  // The test does the tasks itself, one after the other.
  const scheduler: Pick<TaskScheduler, 'concurrency' | 'add' | 'remove' | 'fill'> = {
    concurrency: 1,
    add: nothing,
    remove: nothing,
    fill: nothing,
  };
  const run = new WalkRun(scheduler as TaskScheduler, {
    root: `${path}/`,
    extensions: new Set(['epub']),
    skipSystem: false,
    followLinks: false,
    shard: undefined,
    canWave: false,
    isSpinning: false,
    minBatchEntries,
    signal: undefined,
  });
  const lengths: number[] = [];
  const isRead = (async () => {
    for await (const { length } of run.results()) lengths.push(length);
  })();
  for (let task = run.nextTask(); task?.kind === 'walk'; task = run.nextTask()) {
    await vi.advanceTimersByTimeAsync(STEP_MS);
    const result = runTask(task.task, { maxEntries: 1, maxMs: 1000 });
    if (result.kind === 'walk') task.done(result);
  }
  await isRead;
  return lengths;
}

it('a walk of slow storage gathers files for a thread that reads many at once', async () => {
  const atOnce = minFilesPerTask('io-uring');
  const lengths = await batchesOfLateWalk(atOnce);
  expect(lengths.slice(0, -1).filter((length) => length < atOnce)).toEqual([]);
});

it('a walk of slow storage hands out what each step finds to a thread that reads one file at a time', async () => {
  const lengths = await batchesOfLateWalk(minFilesPerTask('system-calls'));
  expect(lengths).toHaveLength(Math.ceil(FILES / FILES_A_STEP));
});
