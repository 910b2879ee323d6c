import { describe, expect, it } from 'vitest';
import { PushQueue } from '../../../server/batching/push-queue.js';
import { StatementsAtOnce } from '../../../server/batching/statements-at-once.js';

const BATCH = 10;

/** A database in which so many statements, all that are allowed, run at the same time and end together. */
async function rounds(atOnce: StatementsAtOnce, count: number, batch: number, durationMs: number) {
  for (let round = 0; round < count; round++) {
    const together = new Promise((resolve) => setTimeout(resolve, durationMs));
    await Promise.all(Array.from({ length: atOnce.allowed }, () => atOnce.run(batch, () => together)));
  }
}

describe('the number of statements at once', () => {
  let waiting = 100;
  let busy = 0.3;
  const bounded = (most = 5) =>
    new StatementsAtOnce({ least: 2, most, waiting: () => waiting, busy: () => busy });

  it('grows up to its bound while rows wait and come slowly, and falls when they come fast', async () => {
    waiting = 100;
    busy = 0.3;
    const atOnce = bounded();
    await rounds(atOnce, 60, BATCH, 5);
    expect(atOnce.allowed).toBe(5);
    await rounds(atOnce, 80, 100_000, 1);
    expect(atOnce.allowed).toBe(2);
  });

  it.each([
    ['no rows wait', 0, 0.3, BATCH],
    ['this thread has no time', 100, 0.9, BATCH],
    ['batches are small', 100, 0.3, 2],
  ])('stays while %s', async (_why, rowsThatWait, partBusy, batch) => {
    waiting = rowsThatWait;
    busy = partBusy;
    const atOnce = bounded();
    await rounds(atOnce, 30, batch, 3);
    expect(atOnce.allowed).toBe(2);
  });

  it('does not count statements that fail, and is fixed where the bounds are equal', async () => {
    waiting = 100;
    busy = 0.3;
    const atOnce = bounded();
    for (let round = 0; round < 30; round++) {
      const failing = async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        throw new Error('refused');
      };
      const outcomes = await Promise.allSettled([atOnce.run(BATCH, failing), atOnce.run(BATCH, failing)]);
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    }
    expect(atOnce.allowed).toBe(2);
    const fixed = bounded(2);
    await rounds(fixed, 30, BATCH, 3);
    expect(fixed.allowed).toBe(2);
  });

  it('lets a queue begin more commits when they are slow', async () => {
    let most = 0;
    let underWay = 0;
    const atOnce: StatementsAtOnce = new StatementsAtOnce({
      least: 2,
      most: 4,
      waiting: () => queue.waiting,
      busy: () => 0,
    });
    const queue: PushQueue<string> = new PushQueue<string>({
      commit: (rows) =>
        atOnce.run(rows.length, async () => {
          underWay++;
          most = Math.max(most, underWay);
          await new Promise((resolve) => setTimeout(resolve, 5));
          underWay--;
        }),
      rowOf: (push) => push,
      orderOf: (push) => push,
      ownerOf: () => 1,
      compare: (left, right) => (left < right ? -1 : 1),
      isRetryable: () => false,
      rowsPerCommit: 20,
      get commitsAtOnce() {
        return atOnce.allowed;
      },
      waitingPushes: 10_000,
      waitingPerOwner: 10_000,
      timeoutMs: 60_000,
    });
    await Promise.all(Array.from({ length: 4000 }, (_none, index) => queue.push(String(index))));
    expect(most).toBe(4);
  });
});
