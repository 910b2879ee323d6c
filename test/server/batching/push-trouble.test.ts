import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { REQUEST_DEADLINE_MS } from '../../../server/batching/request-deadline.js';
import { type BatchRow, PushQueue } from '../../../server/batching/push-queue.js';
import { isBetterInParts, isRetryable } from '../../../server/database/database-error.js';
import { SyncError } from '../../../server/domain/sync-error.js';

type Commit = (rows: readonly BatchRow<string>[]) => Promise<void>;

/** Each push is its own row and its own order. */
const OPTIONS = {
  rowOf: (push: string) => push,
  orderOf: (push: string) => push,
  compare: (left: string, right: string) => (left < right ? -1 : 1),
  rowsPerCommit: 100,
  commitsAtOnce: 1,
  waitingPushes: 100,
  ownerOf: () => 1,
  waitingPerOwner: 100,
} as const;

function queueWith(commit: Commit, timeoutMs = REQUEST_DEADLINE_MS): PushQueue<string> {
  return new PushQueue<string>({
    ...OPTIONS,
    commit,
    isRetryable: () => true,
    isBetterInParts: (error) => error === LOCKED,
    timeoutMs,
  });
}

const LOCKED = new Error('a row is locked');

async function codeOf(push: Promise<void>): Promise<string> {
  try {
    await push;
    return 'acknowledged';
  } catch (error) {
    return error instanceof SyncError ? error.code : String(error);
  }
}

describe('a push', () => {
  it('after its deadline is rejected and never written', async () => {
    const written: string[] = [];
    const queue = queueWith((rows) => {
      written.push(...rows.map(({ push }) => push));
      return Promise.resolve();
    });
    const now = performance.now();
    const late = codeOf(queue.push('late', now - REQUEST_DEADLINE_MS));
    const inTime = codeOf(queue.push('in time', now));
    expect([await late, await inTime]).toEqual(['unavailable', 'acknowledged']);
    expect(written).toEqual(['in time']);
  });

  it('that was answered 503 is not wanted when it is about to be committed', async () => {
    const wanted: boolean[] = [];
    let committed = false;
    const queue = queueWith(async ([row]) => {
      wanted.push(row?.isWanted() === true);
      // The sweep that rejects expired requests runs every 50 ms.
      await delay(300);
      wanted.push(row?.isWanted() === true);
      if (row?.isWanted() === false) throw new Error('nobody waits');
      committed = true;
    }, 100);
    expect(await codeOf(queue.push('a'))).toBe('unavailable');
    await queue.idle();
    expect(wanted).toEqual([true, false]);
    expect(committed).toBe(false);
  });

  it('that was answered 503 is left out of its batch, and the others are written', async () => {
    const batches: string[][] = [];
    const queue = queueWith(async (rows) => {
      batches.push(rows.map(({ push }) => push));
      await delay(200);
      if (!rows.every((row) => row.isWanted())) throw new Error('one is not wanted any more');
    });
    const early = codeOf(queue.push('early', performance.now() - REQUEST_DEADLINE_MS + 100));
    const others = ['x', 'y', 'z'].map((name) => codeOf(queue.push(name)));
    expect(await early).toBe('unavailable');
    expect(await Promise.all(others)).toEqual(['acknowledged', 'acknowledged', 'acknowledged']);
    expect(batches).toEqual([
      ['early', 'x', 'y', 'z'],
      ['x', 'y', 'z'],
    ]);
  });

  it('whose deadline is nearer than the last commit took is rejected without another attempt', async () => {
    const batches: string[][] = [];
    const queue = queueWith(async (rows) => {
      batches.push(rows.map(({ push }) => push));
      await delay(100);
    });
    expect(await codeOf(queue.push('first'))).toBe('acknowledged');
    const hasty = codeOf(queue.push('hasty', performance.now() - REQUEST_DEADLINE_MS + 80));
    const patient = codeOf(queue.push('patient'));
    expect([await hasty, await patient]).toEqual(['unavailable', 'acknowledged']);
    expect(batches).toEqual([['first'], ['patient']]);
  });

  it('of a statement that the database refuses is rejected with its whole batch, after one attempt', async () => {
    let tries = 0;
    const queue = new PushQueue<string>({
      ...OPTIONS,
      commit: () => Promise.reject(new Error(`no such table, try ${String(++tries)}`)),
      isRetryable: () => false,
      isStatementRefused: () => true,
    });
    const codes = await Promise.all(['a', 'b', 'c', 'd'].map((name) => codeOf(queue.push(name))));
    expect(codes).toEqual(['refused', 'refused', 'refused', 'refused']);
    expect(tries).toBe(1);
  });

  it('whose row is locked delays an eighth of its batch: the parts are retried at the same time', async () => {
    const batches: string[][] = [];
    let isUnlocked = false;
    const queue = queueWith((rows) => {
      const pushes = rows.map(({ push }) => push);
      batches.push(pushes);
      return pushes.includes('p03') && !isUnlocked ? Promise.reject(LOCKED) : Promise.resolve();
    }, 400);
    const names = Array.from({ length: 32 }, (_none, i) => `p${String(i).padStart(2, '0')}`);
    const codes = await Promise.all(names.map((name) => codeOf(queue.push(name))));
    expect(batches[0]).toHaveLength(32);
    expect(batches.slice(1, 9).map((batch) => batch.length)).toEqual(Array.from({ length: 8 }, () => 4));
    expect(names.filter((_name, i) => codes[i] !== 'acknowledged')).toEqual(['p03']);
    isUnlocked = true;
    expect(await codeOf(queue.push('p03'))).toBe('acknowledged');
  });

  it('of a batch that may be too large is tried again with it, and when that fails as often, in a part', async () => {
    const batches: number[] = [];
    const queue = new PushQueue<string>({
      ...OPTIONS,
      commit: async (rows) => {
        batches.push(rows.length);
        if (rows.length > 1) throw Object.assign(new Error('no reason'), { code: 'ER_RUN_HOOK_ERROR' });
      },
      isRetryable,
      isBetterInParts,
    });
    const codes = await Promise.all(['a', 'b', 'c'].map((name) => codeOf(queue.push(name))));
    expect(codes).toEqual(['acknowledged', 'acknowledged', 'acknowledged']);
    expect(batches).toEqual([3, 3, 3, 1, 1, 1]);
  });
});

it('pushes that a full disk keeps from being written are rejected at once, together and without a retry', async () => {
  const full = new Error('the disk is full');
  const batches: number[] = [];
  const queue = new PushQueue<string>({
    ...OPTIONS,
    commit: (rows) => {
      batches.push(rows.length);
      return Promise.reject(full);
    },
    isRetryable: () => false,
    isDatabaseAway: (error) => error === full,
  });
  const pushes = await Promise.all(['a', 'b', 'c'].map((name) => codeOf(queue.push(name))));
  expect(pushes).toEqual(['unavailable', 'unavailable', 'unavailable']);
  expect(batches).toEqual([3]);
});
