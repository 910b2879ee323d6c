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

describe('the other documents of a remembered document', () => {
  it('are those of each reading of who may see what', () => {
    const others = othersInOneLibrary();
    const everybodys: LibraryAccess = new Map([[library, 'everybody']]);
    const readers: LibraryAccess = new Map([[library, new Set([reader])]]);
    const nobodys: LibraryAccess = new Map();
    for (const access of [everybodys, readers, nobodys, readers, everybodys]) {
      expect(others.isCoveredBy(access)).toBe(access !== nobodys);
      expect(others.visibleTo(reader, access)).toEqual(access === nobodys ? [] : [name]);
      expect(others.visibleTo(stranger, access)).toEqual(access === everybodys ? [name] : []);
    }
  });

  it('keep no reading of who may see what', async () => {
    const others = othersInOneLibrary();
    const access = workedOut(others);
    // A WeakRef keeps what it is made of until the turn is over.
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
