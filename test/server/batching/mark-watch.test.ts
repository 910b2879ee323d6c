import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MarkWatch } from '../../../server/batching/mark-watch.js';
import { ReadThroughCache } from '../../../server/batching/read-through-cache.js';

const SECOND_MS = 1000;
/** In which servers of a version without the mark may still write. */
const OLDER_SERVERS_MS = 10 * SECOND_MS;

describe('a cache that watches a mark', () => {
  let mark: () => Promise<string>;
  let looks: number;
  let reads: number;
  let value: object;
  let cache: ReadThroughCache<object>;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
    vi.advanceTimersByTime(SECOND_MS);
    mark = () => Promise.resolve('1');
    looks = 0;
    reads = 0;
    value = {};
    cache = new ReadThroughCache({
      read: (keys) => {
        reads++;
        return Promise.resolve(new Map(keys.map((key) => [key, value])));
      },
      entries: 10,
      watch: new MarkWatch(() => {
        looks++;
        return mark();
      }),
    });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  /** Asks once a second, as requests do. */
  async function askFor(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      vi.advanceTimersByTime(SECOND_MS);
      await cache.get('a');
      await nextTurn();
    }
  }

  /** Cached when the mark that the first look has found is trusted. */
  async function begin(): Promise<void> {
    mark = () => Promise.resolve('1');
    await cache.get('a');
    await nextTurn();
    vi.advanceTimersByTime(OLDER_SERVERS_MS + SECOND_MS);
    await cache.readFresh('a');
    reads = 0;
  }

  it('serves a value for minutes while the mark stays, and looks at it every other second', async () => {
    await begin();
    looks = 0;
    await askFor(60);
    expect(reads).toBe(0);
    expect(looks).toBe(30);
  });

  it('reads once more in ten minutes, whatever the mark says', async () => {
    await begin();
    await askFor(11 * 60);
    expect(reads).toBe(1);
  });

  it('reads again within its usual time when the mark has changed', async () => {
    await begin();
    await askFor(10);
    mark = () => Promise.resolve('2');
    value = {};
    await askFor(4);
    expect(cache.peek('a')).toBe(value);
    expect(reads).toBe(1);
    await askFor(60);
    expect(reads).toBe(1);
  });

  it('serves a value for its usual time when the mark cannot be read, or is not answered', async () => {
    for (const broken of [
      () => Promise.reject(new Error('away')),
      () => new Promise<string>(() => undefined),
    ]) {
      await begin();
      mark = broken;
      await askFor(3);
      expect(reads).toBe(0);
      await askFor(2);
      expect(reads).toBe(1);
    }
  });

  it('does not trust the mark for a value whose read began before the mark was read', async () => {
    await begin();
    let found = (_mark: string): void => undefined;
    mark = () => new Promise((resolve) => (found = resolve));
    vi.advanceTimersByTime(2 * SECOND_MS);
    await cache.readFresh('a');
    const old = value;
    value = {};
    found('changed after the read');
    await nextTurn();
    mark = () => Promise.resolve('changed after the read');
    await askFor(3);
    expect(cache.peek('a')).toBe(old);
    await askFor(2);
    expect(cache.peek('a')).toBe(value);
  });

  it('trusts no mark in its first seconds, in which a server of an older version may change values without it', async () => {
    await cache.get('a');
    await nextTurn();
    await askFor(2);
    mark = () => Promise.resolve('2');
    await askFor(3);
    // At the last moment before an older server notices the migration.
    value = {};
    await askFor(4);
    expect(cache.peek('a')).toBe(value);
    await askFor(10);
    reads = 0;
    await askFor(60);
    expect(reads).toBe(0);
  });

  it('sends nothing while nobody asks', async () => {
    await begin();
    looks = 0;
    vi.advanceTimersByTime(60 * SECOND_MS);
    await nextTurn();
    expect(looks).toBe(0);
    expect(cache.peek('a')).toBeUndefined();
    await nextTurn();
    // Nothing has changed meanwhile.
    expect(cache.peek('a')).toBe(value);
    expect(reads).toBe(0);
  });
});
