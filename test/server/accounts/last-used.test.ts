import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LastUsed } from '../../../server/accounts/last-used.js';
import { type ApiKeyId, apiKeyId, userId } from '../../../server/domain/ids.js';

const KEY = apiKeyId(1);
const USER = userId(1);
const SECOND_MS = 1000;

let written: (readonly ApiKeyId[])[];
let errors: unknown[];
let failure: Error | undefined;
let lastUsed: LastUsed<ApiKeyId>;

beforeEach(() => {
  vi.useFakeTimers();
  written = [];
  errors = [];
  failure = undefined;
  lastUsed = new LastUsed({
    write: (used) => {
      written.push([...used.keys()]);
      return failure === undefined ? Promise.resolve() : Promise.reject(failure);
    },
    onError: (error) => errors.push(error),
  });
});

afterEach(() => {
  vi.useRealTimers();
});

it('writes the first use of a key within two seconds, and later ones once a minute', async () => {
  lastUsed.record(KEY, USER, undefined);
  await vi.advanceTimersByTimeAsync(2 * SECOND_MS);
  expect(written).toEqual([[KEY]]);
  for (let second = 2; second < 59; second++) {
    lastUsed.record(KEY, USER, undefined);
    await vi.advanceTimersByTimeAsync(SECOND_MS);
  }
  expect(written).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2 * SECOND_MS);
  lastUsed.record(KEY, USER, undefined);
  await vi.advanceTimersByTimeAsync(2 * SECOND_MS);
  expect(written).toEqual([[KEY], [KEY]]);
});

it('writes a use that could not be written at the next use, but not at once', async () => {
  failure = new Error('the disk is full');
  lastUsed.record(KEY, USER, undefined);
  await vi.advanceTimersByTimeAsync(2 * SECOND_MS);
  lastUsed.record(KEY, USER, undefined);
  await vi.advanceTimersByTimeAsync(SECOND_MS);
  expect(written).toHaveLength(1);
  expect(errors).toEqual([failure]);
  failure = undefined;
  await vi.advanceTimersByTimeAsync(5 * SECOND_MS);
  lastUsed.record(KEY, USER, undefined);
  await vi.advanceTimersByTimeAsync(SECOND_MS);
  expect(written).toEqual([[KEY], [KEY]]);
});
