import { setTimeout as delay } from 'node:timers/promises';
import { Piscina } from 'piscina';
import { afterEach, describe, expect, it } from 'vitest';
import { PiscinaPool, type PiscinaPoolOptions } from '../../../engine/pool/piscina-pool.js';
import { packageManifest } from '../../support/package-manifest.js';
import type { GatedTask } from './gated-worker.js';

// Tests what engine/pool/piscina-pool.ts relies on beyond Piscina's documentation. If a test fails with a new version
// of Piscina, that file has to be adapted to it.

const WORKER = new URL('gated-worker.js', import.meta.url);
/** If a thread were started by mistake, it would show within this time: starting one takes about 30 ms. */
const SETTLE_MS = 300;

type Cell = Int32Array<SharedArrayBuffer>;

function cell(): Cell {
  return new Int32Array(new SharedArrayBuffer(4));
}

function open(gate: Cell): void {
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

it('package.json names the exact version of Piscina that is installed', () => {
  expect(packageManifest.dependencies['piscina']).toBe(Piscina.version);
  expect(Piscina.version).toMatch(/^\d+\.\d+\.\d+$/);
});

describe('the pool', () => {
  /** The limit that the pool asks for. */
  let maxThreads = 1;
  const begun = cell();

  function poolOf(options: Partial<PiscinaPoolOptions> = {}): PiscinaPool<GatedTask, number> {
    const pool = new PiscinaPool<GatedTask, number>({
      workerFile: WORKER,
      maxThreads: () => maxThreads,
      tasksPerThread: 2,
      idleThreadMs: 60_000,
      onStartFailed: (cause) => {
        throw cause;
      },
      ...options,
    });
    closers.push(() => pool.destroy());
    Atomics.store(begun, 0, 0);
    return pool;
  }

  /** Runs tasks until the gate is opened. */
  function runMany(pool: PiscinaPool<GatedTask, number>, count: number, gate: Cell): Promise<number[]> {
    return Promise.all(Array.from({ length: count }, () => pool.run({ begun, gate })));
  }

  async function untilBegun(tasks: number): Promise<void> {
    await expect.poll(() => Atomics.load(begun, 0), { timeout: 10_000 }).toBe(tasks);
  }

  it('starts a thread only for a task, and no more threads than the limit while the first ones start', async () => {
    maxThreads = 2;
    const gate = cell();
    const pool = poolOf();
    expect(pool.threads).toBe(0);
    const results = runMany(pool, 4, gate);
    expect(pool.threads).toBe(2);
    expect(pool.startedThreads).toBe(0);
    await untilBegun(2);
    expect([pool.threads, pool.startedThreads]).toEqual([2, 2]);
    open(gate);
    const threads = await results;
    expect(threads).toHaveLength(4);
    expect(new Set(threads).size).toBe(2);
  });

  it('uses more threads as soon as the limit is raised', async () => {
    maxThreads = 1;
    const gate = cell();
    const pool = poolOf();
    const first = runMany(pool, 2, gate);
    await untilBegun(1);
    maxThreads = 3;
    const second = runMany(pool, 2, gate);
    await untilBegun(3);
    expect(pool.threads).toBe(3);
    open(gate);
    const threads = [...(await first), ...(await second)];
    expect(new Set(threads).size).toBe(3);
    // The second task of the first thread waited there, although other threads were started later.
    expect(threads[0]).toBe(threads[1]);
  });

  it('lets no more threads work than the limit once it is lowered, though more are alive', async () => {
    maxThreads = 3;
    const first = cell();
    const pool = poolOf();
    const before = runMany(pool, 3, first);
    await untilBegun(3);
    open(first);
    await before;
    maxThreads = 1;
    const second = cell();
    const results = runMany(pool, 2, second);
    await untilBegun(4);
    await delay(SETTLE_MS);
    expect(Atomics.load(begun, 0)).toBe(4);
    expect(pool.threads).toBe(3);
    open(second);
    expect(new Set(await results).size).toBe(1);
  });

  it('ends idle threads', async () => {
    maxThreads = 2;
    const gate = cell();
    const pool = poolOf({ idleThreadMs: 50 });
    const results = runMany(pool, 2, gate);
    await untilBegun(2);
    open(gate);
    await results;
    await expect.poll(() => [pool.threads, pool.startedThreads]).toEqual([0, 0]);
  });

  it('fails only the tasks of a thread that dies, and replaces it', async () => {
    maxThreads = 2;
    const gate = cell();
    const pool = poolOf();
    const healthy = pool.run({ begun, gate });
    await untilBegun(1);
    await expect(pool.run({ begun })).rejects.toThrow('3');
    const next = pool.run({ begun, gate });
    await untilBegun(3);
    open(gate);
    expect(await next).not.toBe(await healthy);
  });

  it('reports a thread that cannot start', async () => {
    maxThreads = 1;
    const failures: unknown[] = [];
    const pool = poolOf({
      workerFile: new URL('no-such-worker.js', import.meta.url),
      onStartFailed: (cause) => failures.push(cause),
    });
    void pool.run({ begun }).catch(() => undefined);
    await expect.poll(() => failures).toHaveLength(1);
    expect(failures[0]).toMatchObject({ code: 'ERR_MODULE_NOT_FOUND' });
  });

  it('calls back once a thread has ended, known by the id that the thread itself reports', async () => {
    maxThreads = 1;
    const gate = cell();
    open(gate);
    const pool = poolOf();
    const threadId = await pool.run({ begun, gate });
    const ended: number[] = [];
    pool.onceThreadEnded(threadId, () => ended.push(threadId));
    pool.onceThreadEnded(threadId + 1000, () => ended.push(-1));
    await delay(50);
    expect(ended).toEqual([]);
    await pool.destroy();
    expect(ended).toEqual([threadId]);
  });

  it('ends threads in the middle of a task when it is destroyed, and rejects all tasks', async () => {
    maxThreads = 1;
    const pool = poolOf();
    const gate = cell();
    const running = Array.from({ length: 3 }, () => pool.run({ begun, gate }));
    const settled = Promise.allSettled(running);
    await untilBegun(1);
    await pool.destroy();
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(pool.threads).toBe(0);
  });
});

describe('Piscina itself', () => {
  it('asks the load balancer for every task, and queues the task if it gets null', async () => {
    const begun = cell();
    const gates = [cell(), cell(), cell()];
    const asked: {
      readonly size: number;
      readonly usages: readonly number[];
      readonly isRefused: boolean;
    }[] = [];
    let isRefused = false;
    const piscina = new Piscina<GatedTask, number>({
      filename: WORKER.href,
      minThreads: 0,
      maxThreads: 1,
      concurrentTasksPerWorker: 2,
      loadBalancer: (_task, workers) => {
        asked.push({
          size: workers.length,
          usages: workers.map(({ currentUsage }) => currentUsage),
          isRefused,
        });
        return isRefused ? null : (workers[0] ?? null);
      },
    });
    closers.push(() => piscina.destroy());
    const runs = gates.slice(0, 2).map((gate) => piscina.run({ begun, gate }));
    // There is no thread yet: it is asked once, and the second task waits behind the first.
    expect(asked).toEqual([{ size: 0, usages: [], isRefused: false }]);
    await expect.poll(() => Atomics.load(begun, 0), { timeout: 10_000 }).toBe(1);
    expect(asked.slice(1)).toEqual([
      { size: 1, usages: [0], isRefused: false },
      { size: 1, usages: [1], isRefused: false },
    ]);
    isRefused = true;
    runs.push(...gates.slice(2).map((gate) => piscina.run({ begun, gate })));
    expect(asked.slice(3)).toEqual([{ size: 1, usages: [2], isRefused: true }]);
    expect(piscina.threads).toHaveLength(1);
    isRefused = false;
    // As soon as a task is done, the balancer is asked again for the task that was refused.
    for (const gate of gates) open(gate);
    expect(await Promise.all(runs)).toHaveLength(3);
    expect(asked.slice(4)).toEqual([{ size: 1, usages: [expect.any(Number)], isRefused: false }]);
  });

  it('reads a changed maxThreads for the next task', async () => {
    const begun = cell();
    const gate = cell();
    const piscina = new Piscina<GatedTask, number>({ filename: WORKER.href, minThreads: 0, maxThreads: 1 });
    closers.push(() => piscina.destroy());
    const runs = [piscina.run({ begun, gate }), piscina.run({ begun, gate })];
    expect(piscina.threads).toHaveLength(1);
    piscina.options.maxThreads = 3;
    runs.push(piscina.run({ begun, gate }), piscina.run({ begun, gate }));
    expect(piscina.threads).toHaveLength(3);
    open(gate);
    expect(await Promise.all(runs)).toHaveLength(4);
  });
});
