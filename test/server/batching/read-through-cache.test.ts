import { describe, expect, it } from 'vitest';
import { ReadThroughCache } from '../../../server/batching/read-through-cache.js';

describe('a read-through cache', () => {
  it('reads once within the time to live, and again after it or after an invalidation', async () => {
    let reads = 0;
    const cache = new ReadThroughCache<{ readonly read: number }>({
      read: (keys) => {
        reads++;
        return Promise.resolve(new Map(keys.map((key) => [key, { read: reads }])));
      },
      entries: 10,
      ttlMs: 50,
    });
    expect(cache.peek('a')).toBeUndefined();
    expect(await cache.get('a')).toEqual({ read: 1 });
    expect(await cache.get('a')).toEqual({ read: 1 });
    expect(await cache.readFresh('a')).toEqual({ read: 2 });
    cache.invalidate('a');
    expect(await cache.get('a')).toEqual({ read: 3 });
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(cache.peek('a')).toBeUndefined();
    expect(await cache.get('a')).toEqual({ read: 4 });
  });

  it('counts the time to live from before the read, however long the read takes', async () => {
    const cache = new ReadThroughCache<object>({
      read: async (keys) => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        return new Map(keys.map((key) => [key, {}]));
      },
      entries: 10,
      ttlMs: 50,
    });
    expect(await cache.get('a')).toBeDefined();
    expect(cache.peek('a')).toBeUndefined();
  });

  it('does not cache what was read before an invalidation', async () => {
    const ends: (() => void)[] = [];
    const cache = new ReadThroughCache<object>({
      read: (keys) => {
        const read = new Map(keys.map((key) => [key, {}]));
        return new Promise((resolve) => ends.push(() => resolve(read)));
      },
      entries: 10,
    });
    for (const invalidate of [() => cache.invalidate('a'), () => cache.invalidateAll()]) {
      const read = cache.get('a');
      await new Promise((resolve) => setImmediate(resolve));
      invalidate();
      ends.shift()?.();
      expect(await read).toBeDefined();
      expect(cache.peek('a')).toBeUndefined();
    }
  });

  it('does not cache that a value is absent', async () => {
    let value: object | undefined;
    const cache = new ReadThroughCache<object>({
      read: (keys) =>
        Promise.resolve(new Map(value === undefined ? [] : keys.map((key) => [key, Object(value)]))),
      entries: 10,
    });
    expect(await cache.get('a')).toBeUndefined();
    value = {};
    expect(await cache.get('a')).toBe(value);
  });
});
