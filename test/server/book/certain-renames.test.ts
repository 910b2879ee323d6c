import { describe, expect, it } from 'vitest';
import { bookId } from '../../../server/domain/ids.js';
import {
  CertainRenames,
  isCertainRename,
  type RenameCandidate,
} from '../../../server/book/certain-renames.js';

const SIZE = 1_000_000;

function file(path: string, sizeBytes = SIZE, id = 1): RenameCandidate {
  return { id: bookId(id), path: Buffer.from(path), sizeBytes };
}

function verdict(missing: RenameCandidate, found: RenameCandidate): string {
  return isCertainRename(missing, found) ? 'the same' : 'not certain';
}

describe('a missing book and a new file', () => {
  it.each([
    [
      'Frank Herbert/Dune (12)/Dune - Frank Herbert.epub',
      'Frank Herbert/The Desert Planet (12)/The Desert Planet - Frank Herbert.epub',
      'the same',
    ],
    ['sf/Dune Messiah.epub', 'sf/Dune Messiah 2.epub', 'not certain'],
    ['sf/Dune - Messiah.epub', 'sf/Dune Messiah.epub', 'the same'],
    ['new/The Long Way Home.epub', 'sf/The Long Way Home.epub', 'the same'],
    ['x/Volume 1.cbz', 'y/Volume 1.cbz', 'not certain'],
    ['x/Saga 1.cbz', 'x/Saga 2.cbz', 'not certain'],
    ['The Fall.epub', 'The Fall of Hyperion.epub', 'not certain'],
    ['sf/Untitled.epub', 'sf/Dune.epub', 'not certain'],
    ['Batman (2016)/Batman.cbz', 'Superman (2016)/Superman.cbz', 'not certain'],
    ['sf/Dune Messiah.epub', 'sf/Dune Messiah.pdf', 'not certain'],
    ['sf/Dune Messiah.epub', 'sf/Dune, Messiah.kepub.epub', 'not certain'],
    ['a/One.epub', 'b/Two.epub', 'not certain'],
  ])('%s, %s: %s', (missing, found, expected) => {
    expect(verdict(file(missing), file(found))).toBe(expected);
  });

  it.each([
    [64 * 1024, 'the same'],
    [64 * 1024 + 1, 'not certain'],
  ])('that differ by %i bytes of 100,000: %s', (bytes, expected) => {
    expect(verdict(file('a/The Long Way.epub', 100_000), file('b/The Long Way.epub', 100_000 + bytes))).toBe(
      expected,
    );
  });

  it('are a pair only where neither is a certain candidate for another', () => {
    const missing = [file('a/The Long Way.epub', SIZE, 1), file('a/Other Story Here.epub', SIZE, 2)];
    const renames = new CertainRenames(missing);
    renames.addFound(file('b/The Long Way.epub', SIZE, 3));
    renames.addFound(file('c/Other Story Here.epub', SIZE, 4));
    renames.addFound(file('d/Other Story Here.epub', SIZE, 5));
    expect(renames.pairs().map((pair) => [pair.missing.id, pair.found.id])).toEqual([[1, 3]]);
  });
});
