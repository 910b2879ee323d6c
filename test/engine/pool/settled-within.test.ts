import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { settledWithin } from '../../../engine/pool/settled-within.js';

describe('waiting for a promise within a deadline', () => {
  it('ends when the promise is resolved, and rejects when it is rejected', async () => {
    const beganMs = performance.now();
    await settledWithin(delay(20), 60_000);
    await expect(settledWithin(Promise.reject(new Error('broken')), 60_000)).rejects.toThrow('broken');
    const tookMs = performance.now() - beganMs;
    expect(tookMs).toBeGreaterThan(15);
    expect(tookMs).toBeLessThan(10_000);
  });

  it('ends at the deadline, and ignores a later rejection', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): number => unhandled.push(reason);
    process.on('unhandledRejection', note);
    let reject: (reason: Error) => void = () => undefined;
    const beganMs = performance.now();
    await settledWithin(
      new Promise((_resolve, onReject) => {
        reject = onReject;
      }),
      50,
    );
    expect(performance.now() - beganMs).toBeGreaterThan(40);
    reject(new Error('too late'));
    await delay(20);
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});
