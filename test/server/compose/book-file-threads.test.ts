import { execFileSync } from 'node:child_process';
import { closeSync, openSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { BookFileThreads } from '../../../server/compose/book-file-threads.js';
import { libraryId } from '../../../server/domain/ids.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const worker = new URL('./unruly-file-worker.js', import.meta.url);
const SLOW = { state: 'slow' };

describe('the threads that read files', () => {
  let threads: BookFileThreads;
  afterEach(() => threads.close());

  const state = { sizeBytes: 1, modifiedNs: 1n };
  const read = async (path: string, library = 1): Promise<unknown> => {
    const asked = { libraryId: libraryId(library), path: Buffer.from(path), state };
    const request = { ...asked, offset: 0, bytes: 1, memory: new ArrayBuffer(1) };
    const outcome = await threads.readPiece(request);
    return outcome.state === 'read' ? Buffer.from(outcome.bytes).toString() : outcome;
  };

  it('keep answering for other libraries, and for covers, while the storage of one hangs', async () => {
    threads = new BookFileThreads({ worker, timeoutMs: 3000 });
    const hanging = read('hangs');
    const behind = read('behind it');
    expect(await read('other library', 2)).toBe('other library');
    const path = Buffer.from('cover');
    const cover = { libraryId: libraryId(1), path, state, source: 'epub', limitBytes: 100 } as const;
    expect(await threads.readCover(cover)).toMatchObject({ state: 'read' });
    expect(await Promise.all([hanging, behind])).toEqual([SLOW, SLOW]);
  });

  it('give back the memory that they have read into', async () => {
    threads = new BookFileThreads();
    const folder = await temporaryFolder();
    const path = join(folder.path, 'book');
    writeFileSync(path, 'abc');
    const { size, mtimeNs } = statSync(path, { bigint: true });
    const asked = {
      libraryId: libraryId(1),
      path: Buffer.from(path),
      state: { sizeBytes: Number(size), modifiedNs: mtimeNs },
    };
    const memory = new ArrayBuffer(1000);
    const outcome = await threads.readPiece({ ...asked, offset: 1, bytes: 2, memory });
    if (outcome.state !== 'read') throw new Error(outcome.state);
    expect(Buffer.from(outcome.bytes).toString()).toBe('bc');
    expect([memory.byteLength, outcome.bytes.buffer.byteLength]).toEqual([0, 1000]);
    const again = await threads.readPiece({ ...asked, offset: 0, bytes: 1, memory: outcome.bytes.buffer });
    expect(again).toMatchObject({ state: 'read' });
  });

  it('refuse what nobody would wait for', async () => {
    threads = new BookFileThreads({ worker, timeoutMs: 30_000 });
    const waiting = Array.from({ length: 256 }, () => read('hangs'));
    expect(await read('one more')).toEqual(SLOW);
    await threads.close();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([SLOW]));
    expect(await read('after the end')).toEqual(SLOW);
  });

  it('are replaced when one ends, by itself or because it had nothing to do', async () => {
    threads = new BookFileThreads({ worker, timeoutMs: 30_000, idleMs: 1 });
    expect(await read('dies')).toMatchObject({ state: 'unreadable' });
    expect(await read('good')).toBe('good');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await read('again')).toBe('again');
  });

  it('do not become more while the storage hangs, and go on when it answers', async () => {
    const { path } = await temporaryFolder();
    const pipe = join(path, 'pipe');
    execFileSync('mkfifo', [pipe]);
    threads = new BookFileThreads({ worker, timeoutMs: 1000, idleMs: 1 });
    expect(await read(pipe)).toEqual(SLOW);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await read('good')).toEqual(SLOW);
    const end = openSync(pipe, 'r+');
    await expect.poll(() => read('good'), { timeout: 20_000 }).toBe('good');
    closeSync(end);
  });
});
