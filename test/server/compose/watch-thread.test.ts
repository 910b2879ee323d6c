import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { WatchThread } from '../../../server/compose/watch-thread.js';
import { libraryId, type LibraryId } from '../../../server/domain/ids.js';
import { type Library, NEW_FILE_RULES } from '../../../server/library/library.js';
import { bookFolder } from '../../support/book-folder.js';

const library = (id: number, root: string): Library => ({
  id: libraryId(id),
  name: `library ${String(id)}`,
  root: Buffer.from(root),
  extensions: undefined,
  koreaderHashes: true,
  fileRules: NEW_FILE_RULES,
});

it('a thread that ends is replaced, and everything is looked at again', async () => {
  const touched: LibraryId[] = [];
  const errors: unknown[] = [];
  const watch = new WatchThread({
    libraries: () => Promise.resolve([library(1, '/nowhere')]),
    onTouched: (id) => touched.push(id),
    onProblem: () => undefined,
    onError: (error) => errors.push(error),
    worker: new URL('./dying-watch-worker.js', import.meta.url),
    lookEveryMs: 20,
  });
  try {
    await vi.waitUntil(() => touched.length > 1 && errors.length > 1, { timeout: 10_000 });
    expect(errors[0]).toMatchObject({ message: 'the watch is dead' });
  } finally {
    await watch.close();
  }
});

it('one root that cannot be read does not end the watch of the other libraries', async () => {
  const folder = await bookFolder({ 'Emma.epub': 'emma' });
  const loop = join(folder.path, 'loop');
  symlinkSync('loop', loop);
  const touched: LibraryId[] = [];
  const errors: unknown[] = [];
  const watch = new WatchThread({
    libraries: () => Promise.resolve([library(1, loop), library(2, folder.path)]),
    onTouched: (id) => touched.push(id),
    onProblem: () => undefined,
    onError: (error) => errors.push(error),
  });
  try {
    await vi.waitUntil(() => touched.length > 0 || errors.length > 0, { timeout: 10_000 });
    expect(errors).toEqual([]);
    expect(touched).toContain(2);
  } finally {
    await watch.close();
  }
});
