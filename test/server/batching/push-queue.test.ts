import { describe, expect, it, vi } from 'vitest';
import { type BatchRow, PushQueue, type PushQueueOptions } from '../../../server/batching/push-queue.js';
import { SyncError } from '../../../server/domain/sync-error.js';

interface Push {
  readonly document: string;
  readonly device: string;
  readonly position: number;
}

/** A database whose commits end when the test lets them. */
class HeldDatabase {
  readonly held: { readonly rows: readonly BatchRow<Push>[]; readonly end: (error?: Error) => void }[] = [];

  readonly commit = (rows: readonly BatchRow<Push>[]): Promise<void> =>
    new Promise((resolve, reject) => {
      this.held.push({
        rows,
        end: (error) => {
          if (error === undefined) resolve();
          else reject(error);
        },
      });
    });

  get documents(): string[][] {
    return this.held.map(({ rows }) => rows.map(({ push }) => push.document));
  }
}

class Deadlock extends Error {}

function queueOver(
  commit: PushQueueOptions<Push>['commit'],
  options: Partial<PushQueueOptions<Push>> = {},
): PushQueue<Push> {
  return new PushQueue<Push>({
    commit,
    rowOf: ({ document, device }) => `${document} ${device}`,
    orderOf: ({ document }) => document,
    compare: (left, right) =>
      `${left.document} ${left.device}` < `${right.document} ${right.device}` ? -1 : 1,
    isRetryable: (error) => error instanceof Deadlock,
    ownerOf: () => 1,
    rowsPerCommit: 500,
    commitsAtOnce: 2,
    waitingPushes: 1000,
    waitingPerOwner: 10_000,
    ...options,
  });
}

const tick = () => new Promise((resolve) => setImmediate(resolve));
const push = (document: string, device = 'A', position = 0): Push => ({ document, device, position });
const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'acknowledged',
    (error: unknown) => (error instanceof SyncError ? error.code : error),
  );

describe('a push queue', () => {
  it('commits the pushes of one tick together, in key order, with their order of arrival', async () => {
    const database = new HeldDatabase();
    const queue = queueOver(database.commit);
    const pushes = ['c', 'a', 'b'].map((document) => queue.push(push(document)));
    await tick();
    expect(database.documents).toEqual([['a', 'b', 'c']]);
    expect(database.held[0]?.rows.map((row) => row.arrivalIndex)).toEqual([1, 2, 0]);
    database.held[0]?.end();
    await Promise.all(pushes);
  });

  it('acknowledges no push before its commit', async () => {
    const database = new HeldDatabase();
    const queue = queueOver(database.commit);
    let acknowledged = false;
    const first = queue.push(push('a')).then(() => (acknowledged = true));
    await tick();
    await tick();
    expect(acknowledged).toBe(false);
    database.held[0]?.end();
    await first;
    expect(acknowledged).toBe(true);
  });

  it('gathers pushes while all commits are under way, and begins the next commit without a pause', async () => {
    const database = new HeldDatabase();
    const queue = queueOver(database.commit);
    const pushes: Promise<void>[] = [];
    for (const document of ['a', 'b', 'c', 'd', 'e']) {
      pushes.push(queue.push(push(document)));
      await tick();
    }
    expect(database.documents).toEqual([['a'], ['b']]);
    database.held[0]?.end();
    await tick();
    expect(database.documents).toEqual([['a'], ['b'], ['c', 'd', 'e']]);
    database.held[1]?.end();
    database.held[2]?.end();
    await Promise.all(pushes);
    await queue.idle();
  });

  it('writes the last of several pushes to one row and answers all of them', async () => {
    const database = new HeldDatabase();
    const queue = queueOver(database.commit);
    const pushes = [queue.push(push('a', 'A', 1)), queue.push(push('b')), queue.push(push('a', 'A', 2))];
    await tick();
    const rows = database.held[0]?.rows.map((row) => [
      row.push.document,
      row.push.position,
      row.arrivalIndex,
    ]);
    expect(rows).toEqual([
      ['a', 2, 1],
      ['b', 0, 0],
    ]);
    expect(queue.waiting).toBe(0);
    database.held[0]?.end();
    await Promise.all(pushes);
  });

  it('commits two devices in one document one after the other, in the order of arrival', async () => {
    const database = new HeldDatabase();
    const queue = queueOver(database.commit);
    const pushes = [
      queue.push(push('a', 'B', 1)),
      queue.push(push('a', 'A', 2)),
      queue.push(push('a', 'C', 3)),
    ];
    await tick();
    const later = queue.push(push('b'));
    await tick();
    // A commit may begin, but only with the other document.
    expect(database.documents).toEqual([['a'], ['b']]);
    for (const device of ['A', 'C']) {
      for (const { end } of database.held) end();
      await tick();
      expect(database.held.at(-1)?.rows.map((row) => row.push.device)).toEqual([device]);
    }
    for (const { end } of database.held) end();
    await Promise.all([...pushes, later]);
  });

  it('rejects what exceeds the share of one owner, and takes the pushes of others', async () => {
    const database = new HeldDatabase();
    const queue = queueOver(database.commit, {
      ownerOf: ({ device }) => device.length,
      waitingPerOwner: 2,
      commitsAtOnce: 1,
    });
    const first = queue.push(push('under way'));
    await tick();
    const waiting = [queue.push(push('a')), queue.push(push('a'))];
    expect(await codeOf(queue.push(push('b')))).toBe('overloaded');
    waiting.push(queue.push(push('b', 'of another owner')));
    database.held[0]?.end();
    await tick();
    // What left the queue counts no more.
    waiting.push(queue.push(push('c')), queue.push(push('d')));
    expect(await codeOf(queue.push(push('e')))).toBe('overloaded');
    for (let i = 1; i < 3; i++) {
      database.held[i]?.end();
      await tick();
    }
    await Promise.all([first, ...waiting]);
  });

  it('bounds the rows of a commit', async () => {
    const database = new HeldDatabase();
    const queue = queueOver(database.commit, { rowsPerCommit: 3 });
    const pushes = Array.from({ length: 7 }, (_, i) => queue.push(push(String(i))));
    await tick();
    expect(database.held.map(({ rows }) => rows.length)).toEqual([3, 3]);
    for (let i = 0; i < 3; i++) {
      for (const { end } of database.held) end();
      await tick();
    }
    await Promise.all(pushes);
    expect(database.held.map(({ rows }) => rows.length)).toEqual([3, 3, 1]);
  });

  it('rejects at once what exceeds its bound', async () => {
    const database = new HeldDatabase();
    const queue = queueOver(database.commit, { waitingPushes: 2, commitsAtOnce: 1 });
    const first = queue.push(push('under way'));
    await tick();
    const waiting = [queue.push(push('a')), queue.push(push('a'))];
    expect(await codeOf(queue.push(push('b')))).toBe('overloaded');
    database.held[0]?.end();
    await first;
    await tick();
    database.held[1]?.end();
    await Promise.all(waiting);
    const after = queue.push(push('c'));
    await tick();
    database.held[2]?.end();
    expect(await codeOf(after)).toBe('acknowledged');
  });

  it('retries after a deadlock and acknowledges', async () => {
    let attempts = 0;
    const queue = queueOver(() => {
      attempts++;
      return attempts < 4 ? Promise.reject(new Deadlock()) : Promise.resolve();
    });
    expect(await codeOf(queue.push(push('a')))).toBe('acknowledged');
    expect(attempts).toBe(4);
  });

  it('gives up at the deadline, and does not write later what was rejected', async () => {
    const committed: string[] = [];
    let isAway = true;
    const queue = queueOver(
      (rows) => {
        if (isAway) return Promise.reject(new Deadlock());
        committed.push(...rows.map((row) => row.push.document));
        return Promise.resolve();
      },
      { timeoutMs: 200, commitsAtOnce: 1 },
    );
    const codes = await Promise.all([queue.push(push('a')), queue.push(push('b'))].map(codeOf));
    expect(codes).toEqual(['unavailable', 'unavailable']);
    isAway = false;
    // Its deadline is so far away that no busy machine reaches it.
    expect(await codeOf(queue.push(push('c'), performance.now() + 60_000))).toBe('acknowledged');
    await queue.idle();
    expect(committed).toEqual(['c']);
  });

  it('answers in time when a commit hangs, and continues with other pushes meanwhile', async () => {
    const database = new HeldDatabase();
    const queue = queueOver(database.commit, { timeoutMs: 100 });
    expect(await codeOf(queue.push(push('a')))).toBe('unavailable');
    const other = queue.push(push('b'));
    await tick();
    database.held[1]?.end();
    expect(await codeOf(other)).toBe('acknowledged');
    database.held[0]?.end();
    await queue.idle();
  });

  it('splits a batch that fails because of one row, and rejects that push alone', async () => {
    const committed: string[] = [];
    let commits = 0;
    const queue = queueOver((rows) => {
      commits++;
      if (rows.some((row) => row.push.document === 'bad')) return Promise.reject(new Error('no such user'));
      committed.push(...rows.map((row) => row.push.document));
      return Promise.resolve();
    });
    const documents = Array.from({ length: 100 }, (_, i) => (i === 57 ? 'bad' : `d${String(i)}`));
    const codes = await Promise.all(documents.map((document) => codeOf(queue.push(push(document)))));
    expect(codes.filter((code) => code === 'refused')).toHaveLength(1);
    expect(codes[57]).toBe('refused');
    expect(new Set(committed).size).toBe(99);
    expect(committed).toHaveLength(99);
    expect(commits).toBeLessThan(20);
  });

  it('keeps the order of the devices of a document when one of them is refused', async () => {
    const committed: Push[] = [];
    const queue = queueOver((rows) => {
      if (rows.some((row) => row.push.device === 'bad')) return Promise.reject(new Error('refused'));
      committed.push(...rows.map((row) => row.push));
      return Promise.resolve();
    });
    const order = ['D', 'B', 'bad', 'C', 'A'];
    const outcomes = ['x', 'y', 'z'].flatMap((document) =>
      order.map((device) => codeOf(queue.push(push(document, device)))),
    );
    await Promise.all(outcomes);
    for (const document of ['x', 'y', 'z']) {
      const devices = committed.filter((row) => row.document === document).map((row) => row.device);
      expect(devices).toEqual(['D', 'B', 'C', 'A']);
    }
  });

  it('does not write a push whose client left while it waited', async () => {
    const database = new HeldDatabase();
    const queue = queueOver(database.commit, { commitsAtOnce: 1 });
    const first = queue.push(push('under way'));
    await tick();
    const client = { hasLeft: false };
    const left = codeOf(queue.push(push('a'), undefined, client));
    const staying = queue.push(push('b'), undefined, { hasLeft: false });
    client.hasLeft = true;
    database.held[0]?.end();
    await first;
    await tick();
    expect(database.documents).toEqual([['under way'], ['b']]);
    expect(await left).toBe('unavailable');
    database.held[1]?.end();
    await staying;
  });

  it('writes the last push to a row whose client is still there', async () => {
    const database = new HeldDatabase();
    const queue = queueOver(database.commit);
    const staying = queue.push(push('a', 'A', 1), undefined, { hasLeft: false });
    const left = codeOf(queue.push(push('a', 'A', 2), undefined, { hasLeft: true }));
    await tick();
    expect(database.held[0]?.rows.map((row) => row.push.position)).toEqual([1]);
    database.held[0]?.end();
    await staying;
    expect(await left).toBe('unavailable');
  });

  it('does not write a push again whose client left during an attempt that failed', async () => {
    const database = new HeldDatabase();
    const queue = queueOver(database.commit);
    const client = { hasLeft: false };
    const left = codeOf(queue.push(push('a'), undefined, client));
    const staying = queue.push(push('b'));
    await tick();
    client.hasLeft = true;
    // The commit is under way: a client that leaves now must not undo it for the others.
    expect(database.held[0]?.rows.every((row) => row.isWanted())).toBe(true);
    database.held[0]?.end(new Deadlock());
    expect(await left).toBe('unavailable');
    await vi.waitUntil(() => database.held.length === 2, { timeout: 10_000 });
    expect(database.documents).toEqual([['a', 'b'], ['b']]);
    database.held[1]?.end();
    await staying;
  });

  it('keeps its promises under random pushes, delays and failures', async () => {
    const stored = new Map<string, number>();
    const lastOfDocument = new Map<string, number>();
    const underWay = new Set<string>();
    const queue = queueOver(
      async (rows) => {
        const documents = new Set(rows.map((row) => row.push.document));
        for (const document of documents) {
          expect(underWay.has(document)).toBe(false);
          underWay.add(document);
        }
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
        for (const document of documents) underWay.delete(document);
        if (Math.random() < 0.2) throw new Deadlock();
        for (const { push } of rows.toSorted((left, right) => left.arrivalIndex - right.arrivalIndex)) {
          stored.set(`${push.document} ${push.device}`, push.position);
          lastOfDocument.set(push.document, push.position);
        }
      },
      { rowsPerCommit: 7, waitingPushes: 5000 },
    );
    const sent = new Map<string, number>();
    const sentToDocument = new Map<string, number>();
    const pushes: Promise<unknown>[] = [];
    for (let position = 0; position < 2000; position++) {
      const next = push(
        `d${String(Math.floor(Math.random() * 10))}`,
        `v${String(Math.floor(Math.random() * 3))}`,
        position,
      );
      sent.set(`${next.document} ${next.device}`, position);
      sentToDocument.set(next.document, position);
      pushes.push(codeOf(queue.push(next)));
      if (Math.random() < 0.1) await tick();
    }
    expect(new Set(await Promise.all(pushes))).toEqual(new Set(['acknowledged']));
    expect(stored).toEqual(sent);
    expect(lastOfDocument).toEqual(sentToDocument);
  });
});
