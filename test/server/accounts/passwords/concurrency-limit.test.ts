import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ConcurrencyLimit } from '../../../../server/accounts/passwords/concurrency-limit.js';

/** A task that ends when the test says so. */
function controlledTask(started: string[], name: string) {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const work = async (): Promise<string> => {
    started.push(name);
    await ended;
    return name;
  };
  return { work, end };
}

describe('a concurrency limit', () => {
  it('runs and queues a bounded number of tasks, in their order, and refuses further ones at once', async () => {
    const limit = new ConcurrencyLimit({ concurrency: 2, maxWaiting: 2 });
    const started: string[] = [];
    const tasks = ['a', 'b', 'c', 'd', 'e'].map((name) => controlledTask(started, name));
    const results = tasks.map(({ work }) => limit.tryRun(work));
    expect(results.map((result) => result === undefined)).toEqual([false, false, false, false, true]);
    await delay(1);
    expect(started).toEqual(['a', 'b']);

    tasks[1]?.end();
    expect(await results[1]).toBe('b');
    await delay(1);
    expect(started).toEqual(['a', 'b', 'c']);

    // The place that became free in the queue can be taken, and its task runs after those that came before.
    const late = controlledTask(started, 'late');
    const lateResult = limit.tryRun(late.work);
    expect(limit.tryRun(late.work)).toBeUndefined();
    for (const { end } of [...tasks, late]) end();
    expect(await lateResult).toBe('late');
    expect(started).toEqual(['a', 'b', 'c', 'd', 'late']);
  });

  it('passes a failure on and frees the place', async () => {
    const limit = new ConcurrencyLimit({ concurrency: 1, maxWaiting: 0 });
    const fail = () => Promise.reject(new Error('broken'));
    await expect(limit.tryRun(fail)).rejects.toThrow('broken');
    await delay(1);
    expect(await limit.tryRun(() => Promise.resolve('next'))).toBe('next');
  });

  it.each([
    ['a success', () => Promise.resolve('done')],
    ['a failure', () => Promise.reject(new Error('broken'))],
    [
      'an error that is thrown before there is a promise',
      () => {
        throw new Error('broken');
      },
    ],
  ])('keeps the place for the pause after %s, and answers before the pause', async (_case, work) => {
    const limit = new ConcurrencyLimit({ concurrency: 1, maxWaiting: 1, pauseMs: 300 });
    const startMs = performance.now();
    const first = limit.tryRun<string>(work);
    const second = limit.tryRun(() => Promise.resolve(performance.now() - startMs));
    await Promise.allSettled([first]);
    expect(performance.now() - startMs).toBeLessThan(250);
    expect(limit.tryRun(() => Promise.resolve('too many'))).toBeUndefined();
    expect(await second).toBeGreaterThanOrEqual(299);
  });
});
