import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { EquivalentDocuments } from '../../../server/sync/equivalent-documents.js';
import { documentOfDigest } from '../../../server/domain/document.js';
import { libraryId, userId } from '../../../server/domain/ids.js';
import type { LibraryAccess } from '../../../server/library/library-visibility.js';

const content = documentOfDigest(Buffer.alloc(16, 1));
const name = documentOfDigest(Buffer.alloc(16, 2));
const library = libraryId(1);
const reader = userId(1);
const stranger = userId(2);

function othersInOneLibrary(): EquivalentDocuments {
  const holders = [{ libraryId: library, content }];
  return new EquivalentDocuments({ holders, others: [{ document: name, holders }] });
}

describe('the equivalent documents of a cached document', () => {
  it('follow the library access that they are asked with', () => {
    const others = othersInOneLibrary();
    const everybodys: LibraryAccess = new Map([[library, 'everybody']]);
    const readers: LibraryAccess = new Map([[library, new Set([reader])]]);
    const noLibraries: LibraryAccess = new Map();
    for (const access of [everybodys, readers, noLibraries, readers, everybodys]) {
      expect(others.answerFor(reader, access)).toEqual(access === noLibraries ? undefined : [name]);
      expect(others.answerFor(stranger, access)).toEqual(access === everybodys ? [name] : undefined);
      expect(others.visibleTo(reader, access)).toEqual(access === noLibraries ? [] : [name]);
      expect(others.visibleTo(stranger, access)).toEqual(access === everybodys ? [name] : []);
    }
  });

  it('do not keep a library access map alive', async () => {
    const others = othersInOneLibrary();
    const access = workedOut(others);
    // The target of a new WeakRef stays alive until the end of the event loop's turn.
    await nextTurn();
    collectGarbage();
    expect(access.deref()).toBeUndefined();
    expect(others.libraries).toEqual([library, library]);
  });
});

function workedOut(others: EquivalentDocuments): WeakRef<LibraryAccess> {
  const access: LibraryAccess = new Map([[library, 'everybody']]);
  expect(others.visibleTo(reader, access)).toEqual([name]);
  return new WeakRef(access);
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('the test is wrong');
  collect();
}
