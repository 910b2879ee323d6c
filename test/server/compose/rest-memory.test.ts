import { getHeapStatistics } from 'node:v8';
import { expect, it, onTestFinished, vi } from 'vitest';
import { RestMemory } from '../../../server/compose/rest-memory.js';

const MB = 1e6;
const TWO_LOOKS_MS = 60_000;

it('garbage is collected when the server comes to rest, and again when there is more of it', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let usedBytes = 30 * MB;
  let busy = 1;
  let collections = 0;
  let trims = 0;
  const memory = new RestMemory({
    heap: {
      usedBytes: () => usedBytes,
      collect: () => {
        collections++;
        usedBytes = 20 * MB;
      },
      trim: () => void trims++,
    },
    busy: () => busy,
  });
  const after = (used: number, isBusy = false): number => {
    [usedBytes, busy] = [used, isBusy ? 0.5 : 0.001];
    vi.advanceTimersByTime(TWO_LOOKS_MS);
    return collections;
  };
  expect(after(30 * MB, true)).toBe(0);
  expect(trims).toBe(0);
  expect(after(30 * MB)).toBe(1);
  expect(after(20 * MB)).toBe(1);
  expect(after(23 * MB)).toBe(1);
  expect(after(40 * MB, true)).toBe(1);
  expect(after(25 * MB)).toBe(2);
  // At each look at rest but the first: a thread may have ended.
  expect(trims).toBe(6);
  memory.close();
  expect(after(60 * MB)).toBe(2);
});

it('V8 gives back what nobody needs any more', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const memory = new RestMemory({ busy: () => 0 });
  onTestFinished(() => memory.close());
  const usedBytes = (): number => getHeapStatistics().used_heap_size;
  (() => void Array.from({ length: 500_000 }, (_none, index) => ({ index })))();
  const before = usedBytes();
  vi.advanceTimersByTime(TWO_LOOKS_MS);
  expect(usedBytes()).toBeLessThan(before - 10 * MB);
});
