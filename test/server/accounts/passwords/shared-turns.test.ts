import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { SharedTurns, TURNS_BYTES } from '../../../../server/accounts/passwords/shared-turns.js';
import type { TurnsTask } from './turns-worker.js';

describe('turns that threads share', () => {
  async function runThreads(threads: number, task: Omit<TurnsTask, 'turns' | 'running'>) {
    const turns = new SharedArrayBuffer(TURNS_BYTES);
    const running = new SharedArrayBuffer(8);
    const results = await Promise.all(
      Array.from({ length: threads }, async () => {
        const workerData = { ...task, turns, running } satisfies TurnsTask;
        const worker = new Worker(new URL('./turns-worker.js', import.meta.url), { workerData });
        // The thread may end in the same moment.
        const ended = once(worker, 'exit');
        const [result] = (await once(worker, 'message')) as [
          { readonly done: number; readonly refused: number },
        ];
        await ended;
        return result;
      }),
    );
    const sum = (of: (result: (typeof results)[number]) => number) =>
      results.reduce((total, result) => total + of(result), 0);
    return {
      done: sum(({ done }) => done),
      refused: sum(({ refused }) => refused),
      mostAtOnce: Atomics.load(new Int32Array(running), 1),
      left: new SharedTurns(turns).take(1),
    };
  }

  it('let tasks of all threads run, no more at a time than the limit', async () => {
    const { done, refused, mostAtOnce, left } = await runThreads(3, {
      concurrency: 2,
      maxWaiting: 1000,
      tasks: 100,
    });
    expect({ done, refused, mostAtOnce }).toEqual({ done: 300, refused: 0, mostAtOnce: 2 });
    // Every turn has ended.
    expect(left).toBe(300);
  });

  it('refuse a task when the queue of all threads is full', async () => {
    const { done, refused } = await runThreads(1, { concurrency: 1, maxWaiting: 9, tasks: 50 });
    expect({ done, refused }).toEqual({ done: 10, refused: 40 });
  });

  it('stay right when their numbers overflow', () => {
    const memory = new SharedArrayBuffer(TURNS_BYTES);
    new Int32Array(memory).fill(2 ** 31 - 2);
    const turns = new SharedTurns(memory);
    const taken = Array.from({ length: 5 }, () => turns.take(4));
    expect(taken).toEqual([2 ** 31 - 2, 2 ** 31 - 1, -(2 ** 31), -(2 ** 31) + 1, undefined]);
    expect(taken.map((turn) => turn !== undefined && turns.isUp(turn, 2))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    turns.end();
    expect(turns.isUp(-(2 ** 31), 2)).toBe(true);
    expect(turns.take(4)).toBe(-(2 ** 31) + 2);
  });
});
