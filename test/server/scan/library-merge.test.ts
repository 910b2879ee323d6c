import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EntryBatchBuilder, type EntryBatch } from '../../../engine/index.js';
import type { BookRow } from '../../../server/book/book.js';
import { bookId } from '../../../server/domain/ids.js';
import { LibraryMerge, noDecisions } from '../../../server/scan/library-merge.js';

interface FileState {
  readonly path: string;
  readonly version: number;
}

function batchesOf(files: readonly FileState[], sizes: number): EntryBatch[] {
  const batches: EntryBatch[] = [];
  const builder = new EntryBatchBuilder();
  for (const { path, version } of files) {
    builder.addFile(path, version, BigInt(version));
    if (builder.length === sizes) batches.push(builder.take());
  }
  if (builder.length > 0) batches.push(builder.take());
  return batches;
}

function knownOf(files: readonly FileState[]): BookRow[] {
  return files.map(({ path, version }, index) => ({
    id: bookId(index + 1),
    path: Buffer.from(path, 'latin1'),
    sizeBytes: version,
    modifiedNs: BigInt(version),
    missing: false,
    isHashed: true,
  }));
}

/** Drives the merge as a scan does: entries in batches, known books in pages. */
function mergeAll(batches: readonly EntryBatch[], known: readonly BookRow[], pageRows: number) {
  const merge = new LibraryMerge({
    koreaderHashes: true,
    changeCheck: 'full',
    isMine: () => true,
  });
  const decisions = noDecisions();
  const toHash: string[] = [];
  let start = 0;
  let page = known.slice(0, pageRows);
  let book = 0;
  const nextPage = (): void => {
    start += page.length;
    page = known.slice(start, start + pageRows);
    book = 0;
  };
  for (const entries of batches) {
    let entry = 0;
    for (;;) {
      ({ entry, known: book } = merge.merge(
        entries,
        page,
        { entry, known: book },
        decisions,
        page.length === 0,
      ));
      if (entry === entries.length) break;
      nextPage();
    }
    toHash.push(...decisions.toHash.splice(0).map((file) => entries.pathAt(file.entry).toString('latin1')));
  }
  for (; page.length > 0; nextPage()) merge.finish(page, book, decisions);
  return { ...decisions, toHash };
}

const byPath = (one: FileState, other: FileState): number =>
  Buffer.compare(Buffer.from(one.path, 'latin1'), Buffer.from(other.path, 'latin1'));

const fileStates = fc
  .uniqueArray(
    fc.record({ path: fc.stringMatching(/^[a-c./\xff]{1,6}$/), version: fc.integer({ min: 0, max: 2 }) }),
    { selector: (file) => file.path, maxLength: 40 },
  )
  .map((files) => files.toSorted(byPath));

describe('LibraryMerge', () => {
  it('tells new, changed, unchanged and gone apart for any two lists, batch and page sizes', () => {
    const sizes = fc.integer({ min: 1, max: 7 });
    fc.assert(
      fc.property(fileStates, fileStates, sizes, sizes, (found, before, batchSize, pageRows) => {
        const result = mergeAll(batchesOf(found, batchSize), knownOf(before), pageRows);
        const was = new Map(before.map((file) => [file.path, file.version]));
        const is = new Set(found.map((file) => file.path));
        expect(result.toHash).toEqual(
          found.filter((file) => was.get(file.path) !== file.version).map((file) => file.path),
        );
        expect(result.unchanged).toBe(found.filter((file) => was.get(file.path) === file.version).length);
        expect(result.gone.map((known) => known.path.toString('latin1'))).toEqual(
          before.filter((file) => !is.has(file.path)).map((file) => file.path),
        );
        expect(result.found).toBe(found.length);
      }),
    );
  });

  it('takes nothing below an unreadable folder for gone, but what stands before and behind it', () => {
    const builder = new EntryBatchBuilder();
    builder.addFailure('a', { code: 'unreadable', isFolder: true, message: 'permission denied' });
    const known = knownOf(
      ['a!', 'a-', 'a/1', 'a/b/2', 'a/z', 'a0', 'b'].map((path) => ({ path, version: 1 })),
    );
    const result = mergeAll([builder.take()], known, 2);
    expect(result.gone.map(({ path }) => path.toString())).toEqual(['a!', 'a-', 'a0', 'b']);
  });

  it('does not take a file that fails for gone, unless it vanished', () => {
    const builder = new EntryBatchBuilder();
    builder.addFailure('a', { code: 'io-error', isFolder: false, message: 'bad disk' });
    builder.addFailure('b', { code: 'vanished', isFolder: false, message: 'not there' });
    const result = mergeAll(
      [builder.take()],
      knownOf([
        { path: 'a', version: 1 },
        { path: 'b', version: 1 },
      ]),
      5,
    );
    expect(result.gone.map(({ path }) => path.toString())).toEqual(['b']);
    expect(result.failed).toHaveLength(2);
  });
});
