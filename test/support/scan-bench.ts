import { createEngine, type Engine } from '../../engine/index.js';
import { scanLibrary, type ScanOptions, type ScanSummary } from '../../server/scan/scan-library.js';
import type { Library } from '../../server/library/library.js';
import { NO_COUNTS, type ScanCounts } from '../../server/scan/scan.js';
import { insertLibrary } from '../../server/library/library-repository.js';
import type { BookFolder } from './book-folder.js';
import type { TestDatabaseKind } from './databases.js';
import { openTestStore, type TestStore } from './open-test-store.js';

/** A new database and an engine, for tests that scan folders of books. */
export interface ScanBench {
  readonly store: TestStore;
  readonly engine: Engine;
  /** Adds a library with the folder as its root; `changes` replace its other settings. */
  makeLibrary(folder: BookFolder, changes?: Partial<Library>): Promise<Library>;
  scan(library: Library, options?: ScanOptions): Promise<ScanSummary>;
  close(): Promise<void>;
}

export async function openScanBench(kind: TestDatabaseKind): Promise<ScanBench> {
  const store = await openTestStore(kind);
  const engine = createEngine({ jobs: 2 });
  return {
    store,
    engine,
    makeLibrary: async (folder, changes = {}) => {
      const library = await insertLibrary(store, {
        name: 'books',
        root: Buffer.from(folder.path),
        extensions: undefined,
        koreaderHashes: true,
        ...changes,
      });
      if (library === undefined) throw new Error('a library of this name exists already');
      return library;
    },
    scan: (library, options = {}) => scanLibrary({ store, engine }, library, options),
    close: async () => {
      await engine.close();
      await store.close();
    },
  };
}

/** All counts of a scan; those that are not given are 0. */
export function counts(expected: Partial<ScanCounts>): ScanCounts {
  return { ...NO_COUNTS, ...expected };
}
