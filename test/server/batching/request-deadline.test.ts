import { expect, it } from 'vitest';
import { Deferred, pauseBeforeRetry } from '../../../server/batching/request-deadline.js';

/** Longer than a test may take. */
const LONG_MS = 10_000_000;

it('a pause before a retry ends when nobody waits any more: what is behind it begins', async () => {
  const expired = new Deferred<void>(performance.now());
  const answered = new Deferred<void>(performance.now() + LONG_MS);
  answered.resolve();
  await pauseBeforeRetry(LONG_MS, [expired, answered]);
  await pauseBeforeRetry(LONG_MS, []);
  expect([expired.isSettled, answered.isSettled]).toEqual([false, true]);
});
