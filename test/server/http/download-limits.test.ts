import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { bookId, libraryId, userId } from '../../../server/domain/ids.js';
import { SharedCount } from '../../../server/domain/shared-count.js';
import { SyncError } from '../../../server/domain/sync-error.js';
import type { Answer, FileAnswer } from '../../../server/http/answer.js';
import { coverAnswer, downloadAnswer } from '../../../server/http/download-answer.js';
import { Downloads } from '../../../server/http/downloads.js';

const AT_LIMIT = { code: 'downloads-at-limit' };
const file = {
  bookId: bookId(1),
  libraryId: libraryId(1),
  path: Buffer.from('/a.epub'),
  name: 'a.epub',
  state: { sizeBytes: 1_000_000, modifiedNs: 1n },
  version: '1',
};

function asked(method = 'GET') {
  return { method, header: () => undefined };
}

const requireAccess = (): Promise<void> => Promise.resolve();

function end(answer: Answer | FileAnswer | undefined): void {
  if (answer !== undefined && 'ended' in answer) answer.ended?.();
}

describe('downloads at once', () => {
  it('are limited for each user and for all, and refused before anything is read', async () => {
    let reads = 0;
    const downloads = new Downloads(new SharedCount(), 1);
    const begin = (user: number, method?: string): Promise<Answer | FileAnswer> =>
      downloadAnswer(asked(method), {
        file,
        userId: userId(user),
        downloads,
        requireAccess,
        read: ({ bytes, memory }) => {
          reads++;
          return Promise.resolve(new Uint8Array(memory, 0, bytes));
        },
      });
    const ofOne = await Promise.all(Array.from({ length: 16 }, () => begin(1)));
    expect(reads).toBe(16);
    await expect(begin(1)).rejects.toMatchObject(AT_LIMIT);
    expect(reads).toBe(16);
    // Nothing is sent for this one.
    await begin(1, 'HEAD');
    end(ofOne[0]);
    await begin(1);
    for (let user = 2; user <= 8; user++) await Promise.all(Array.from({ length: 16 }, () => begin(user)));
    await expect(begin(9)).rejects.toMatchObject(AT_LIMIT);
    end(ofOne[1]);
    await begin(9);
  });

  it('read all their pieces into one memory, which the next one takes over', async () => {
    const downloads = new Downloads(new SharedCount(), 1);
    const memories = new Set<ArrayBuffer>();
    let readBytes = 0;
    const download = async (): Promise<void> => {
      const answer = await downloadAnswer(asked(), {
        file,
        userId: userId(1),
        downloads,
        requireAccess,
        read: ({ bytes, memory }) => {
          memories.add(memory);
          readBytes += bytes;
          return Promise.resolve(new Uint8Array(memory, 0, bytes));
        },
      });
      if (!('pieces' in answer)) throw new Error('nothing is sent');
      let sentBytes = 0;
      for await (const piece of answer.pieces(new AbortController().signal)) sentBytes += piece.length;
      expect(sentBytes).toBe(file.state.sizeBytes);
      end(answer);
    };
    await download();
    await download();
    expect(readBytes).toBe(2 * file.state.sizeBytes);
    expect([...memories].map((memory) => memory.byteLength)).toEqual([64 * 1024]);
  });

  it('go on while nobody can tell whether they are still permitted, and end when they are not', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    let error = new SyncError('unavailable', 'the database is away');
    const answer = await downloadAnswer(asked(), {
      file,
      userId: userId(1),
      downloads: new Downloads(new SharedCount(), 1),
      requireAccess: () => Promise.reject(error),
      read: ({ bytes, memory }) => Promise.resolve(new Uint8Array(memory, 0, bytes)),
    });
    if (!('pieces' in answer)) throw new Error('nothing is sent');
    const pieces = answer.pieces(new AbortController().signal)[Symbol.asyncIterator]();
    const twoLater = async (): Promise<void> => {
      vi.advanceTimersByTime(5000);
      await pieces.next();
      await pieces.next();
    };
    await twoLater();
    await twoLater();
    error = new SyncError('unauthorized', 'the key was revoked');
    await expect(twoLater()).rejects.toThrow('the key was revoked');
  });

  it('that cannot be read take no place', async () => {
    const downloads = new Downloads(new SharedCount(), 1);
    const read = (): Promise<never> => Promise.reject(new Error('storage'));
    for (let i = 0; i < 20; i++) {
      const answer = downloadAnswer(asked(), { file, userId: userId(1), downloads, requireAccess, read });
      await expect(answer).rejects.toThrow('storage');
    }
  });
});

describe('covers that are being sent', () => {
  it('are limited by what they take in memory', async () => {
    const downloads = new Downloads(new SharedCount(), 1);
    const bytes = new Uint8Array(4 * 1024 * 1024);
    const begin = (user: number): Promise<Answer | FileAnswer> =>
      coverAnswer(asked(), {
        file,
        userId: userId(user),
        downloads,
        find: () => Promise.resolve({ state: 'read', bytes, mediaType: 'image/png' }),
      });
    const ofOne = await Promise.all(Array.from({ length: 6 }, () => begin(1)));
    await expect(begin(1)).rejects.toMatchObject(AT_LIMIT);
    end(ofOne[0]);
    await begin(1);
    for (let user = 2; user <= 4; user++) await Promise.all(Array.from({ length: 6 }, () => begin(user)));
    await expect(begin(5)).rejects.toMatchObject(AT_LIMIT);
    end(ofOne[1]);
    await begin(5);
  });
});
