import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { WatchThread } from '../../../server/compose/watch-thread.js';
import { libraryId, type LibraryId } from '../../../server/domain/ids.js';
import { NEW_FILE_RULES } from '../../../server/library/library.js';
import { bookFolder } from '../../support/book-folder.js';

it('one root that cannot be read does not end the watch of the other libraries', async () => {
  const folder = await bookFolder({ 'Emma.epub': 'emma' });
  const loop = join(folder.path, 'loop');
  symlinkSync('loop', loop);
  const touched: LibraryId[] = [];
  const errors: unknown[] = [];
  const library = (id: number, root: string) => ({
    id: libraryId(id),
    name: `library ${String(id)}`,
    root: Buffer.from(root),
    extensions: undefined,
    koreaderHashes: true,
    fileRules: NEW_FILE_RULES,
  });
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
