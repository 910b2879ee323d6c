import { describe, expect, it } from 'vitest';
import { PullQueue, type PullQueueOptions } from '../../../server/batching/pull-queue.js';
import { SyncError } from '../../../server/domain/sync-error.js';

class ConnectionLost extends Error {}

function queueOver(
  read: (keys: readonly string[]) => Promise<ReadonlyMap<string, string>>,
  options: Partial<PullQueueOptions<string, string>> = {},
): PullQueue<string, string> {
  return new PullQueue<string, string>({
    read: async (keys) => {
      const values = await read(keys);
      return keys.map((key) => values.get(key));
    },
    textOf: (key) => key,
    isRetryable: (error) => error instanceof ConnectionLost,
    keysPerRead: 100,
    readsAtOnce: 2,
    waitingKeys: 1000,
    ...options,
  });
}

const tick = () => new Promise((resolve) => setImmediate(resolve));
const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => (error instanceof SyncError ? error.code : error));

describe('a pull queue', () => {
  it('reads the keys of one tick together, each once, and tells absent keys from present ones', async () => {
    const reads: (readonly string[])[] = [];
    const queue = queueOver((keys) => {
      reads.push(keys);
      return Promise.resolve(
        new Map(keys.filter((key) => key !== 'none').map((key) => [key, `value of ${key}`])),
      );
    });
    const values = await Promise.all(['a', 'b', 'a', 'none'].map((key) => queue.pull(key)));
    expect(values).toEqual(['value of a', 'value of b', 'value of a', undefined]);
    expect(reads).toEqual([['a', 'b', 'none']]);
  });

  it('rejects what exceeds the share of one owner, and takes the pulls of others', async () => {
    let end = (): void => undefined;
    const queue = queueOver(
      async () => {
        await new Promise<void>((resolve) => (end = resolve));
        return new Map();
      },
      { readsAtOnce: 1, ownerOf: (key) => key.length, waitingPerOwner: 2 },
    );
    const pulls = [queue.pull('a')];
    await tick();
    pulls.push(queue.pull('b'), queue.pull('c'));
    expect(await codeOf(queue.pull('d'))).toBe('overloaded');
    // Requests for a key that waits already share its place.
    pulls.push(queue.pull('b'), queue.pull('of another owner'));
    end();
    await tick();
    pulls.push(queue.pull('d'));
    end();
    await tick();
    end();
    await Promise.all(pulls);
  });

  it('does not answer a pull with a read that began before it', async () => {
    let value = 'old';
    const ends: (() => void)[] = [];
    const queue = queueOver((keys) => {
      const read = new Map(keys.map((key) => [key, value]));
      return new Promise((resolve) => ends.push(() => resolve(read)));
    });
    const before = queue.pull('a');
    await tick();
    value = 'new';
    const after = queue.pull('a');
    await tick();
    for (const end of ends) end();
    expect([await before, await after]).toEqual(['old', 'new']);
  });

  it('bounds keys and reads, and rejects at once what exceeds them', async () => {
    const sizes: number[] = [];
    const ends: (() => void)[] = [];
    const queue = queueOver(
      (keys) => {
        sizes.push(keys.length);
        return new Promise((resolve) => ends.push(() => resolve(new Map())));
      },
      { keysPerRead: 3, waitingKeys: 4 },
    );
    const first = ['1', '2', '3', '4'].map((key) => queue.pull(key));
    await tick();
    const second = ['5', '6', '7', '8'].map((key) => queue.pull(key));
    await tick();
    expect(sizes).toEqual([3, 1]);
    expect(await codeOf(queue.pull('9'))).toBe('overloaded');
    expect(queue.waiting).toBe(4);
    for (let i = 0; i < 3; i++) {
      for (const end of ends) end();
      await tick();
    }
    await Promise.all([...first, ...second]);
    expect(sizes).toEqual([3, 1, 3, 1]);
  });

  it('counts a key by its size, while it waits and in a read', async () => {
    const reads: (readonly string[])[] = [];
    const ends: (() => void)[] = [];
    const queue = queueOver(
      (keys) => {
        reads.push(keys);
        return new Promise((resolve) => ends.push(() => resolve(new Map())));
      },
      { sizeOf: (key) => key.length, keysPerRead: 4, readsAtOnce: 1, waitingKeys: 8 },
    );
    const first = queue.pull('a');
    await tick();
    const second = ['bbb', 'c', 'bbb', 'dddddddd'].map((key) => queue.pull(key));
    // The key that crosses the bound is accepted.
    expect(queue.waiting).toBe(12);
    expect(await codeOf(queue.pull('e'))).toBe('overloaded');
    ends.shift()?.();
    await first;
    await tick();
    expect(queue.waiting).toBe(8);
    expect(await codeOf(queue.pull('e'))).toBe('overloaded');
    ends.shift()?.();
    await Promise.all(second.slice(0, 3));
    await tick();
    expect(queue.waiting).toBe(0);
    ends.shift()?.();
    await Promise.all(second);
    expect(reads).toEqual([['a'], ['bbb', 'c'], ['dddddddd']]);
  });

  it('counts a key once that is pulled again after its request expired', async () => {
    const ends: (() => void)[] = [];
    const queue = queueOver(() => new Promise((resolve) => ends.push(() => resolve(new Map()))), {
      sizeOf: (key) => key.length,
      readsAtOnce: 1,
      timeoutMs: 100,
    });
    const underWay = codeOf(queue.pull('a'));
    await tick();
    expect(await codeOf(queue.pull('bbb'))).toBe('unavailable');
    expect(await underWay).toBe('unavailable');
    const again = queue.pull('bbb');
    expect(queue.waiting).toBe(3);
    ends.shift()?.();
    await tick();
    expect(queue.waiting).toBe(0);
    ends.shift()?.();
    expect(await again).toBeUndefined();
  });

  it('retries after a lost connection, and gives up at the deadline', async () => {
    let attempts = 0;
    const queue = queueOver(
      (keys) => {
        attempts++;
        return attempts === 2
          ? Promise.resolve(new Map(keys.map((key) => [key, 'x'])))
          : Promise.reject(new ConnectionLost());
      },
      { timeoutMs: 200 },
    );
    expect(await queue.pull('a')).toBe('x');
    expect(await codeOf(queue.pull('a'))).toBe('unavailable');
    const failing = queueOver(() => Promise.reject(new Error('no such table')));
    expect(await codeOf(failing.pull('a'))).toBe('unavailable');
  });
});
