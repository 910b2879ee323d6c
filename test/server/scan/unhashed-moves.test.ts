import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BookRow } from '../../../server/book/book.js';
import { bookId } from '../../../server/domain/ids.js';
import type { ScannedFile } from '../../../server/scan/scanned-file.js';
import { UnhashedMoves } from '../../../server/scan/unhashed-moves.js';

const REMEMBERED = 100_000;

interface State {
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
}

function fileOf(path: string, state: State, known?: BookRow): ScannedFile {
  return { path: Buffer.from(path, 'latin1'), ...state, digests: undefined, failure: undefined, known };
}

function bookOf(id: number, state: State): BookRow {
  const row = { path: Buffer.from('old'), missing: false, isHashed: false };
  return { id: bookId(id), ...row, ...state };
}

function keyOf({ sizeBytes, modifiedNs }: State): string {
  return `${String(sizeBytes)} ${String(modifiedNs)}`;
}

function pairsOf(moves: UnhashedMoves): string[] {
  return [...moves.pairs()]
    .flat()
    .map((move) => `${String(move.id)} ${move.path.toString('latin1')} ${keyOf(move)}`);
}

const states = fc.array(
  fc.record({
    sizeBytes: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom(2 ** 32, 2 ** 40)),
    modifiedNs: fc.oneof(fc.bigInt({ min: 0n, max: 3n }), fc.constantFrom(-1n, 1n << 62n, (1n << 32n) + 1n)),
  }),
  { maxLength: 40 },
);

describe('UnhashedMoves', () => {
  it('pairs a gone book with a new file of the same state where there is one of each', () => {
    const paths = fc.uniqueArray(fc.stringMatching(/^[ab/\xff]{1,9}$/), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(states, states, paths, (found, gone, names) => {
        const moves = new UnhashedMoves();
        for (const [index, state] of found.entries()) moves.addFound(fileOf(names[index] ?? '', state));
        for (const [index, state] of gone.entries()) moves.addGone(bookOf(index + 1, state));
        const only = (list: readonly State[], key: string) =>
          list.filter((one) => keyOf(one) === key).length === 1;
        const expected = found.flatMap((state, index) => {
          const key = keyOf(state);
          if (!only(found, key) || !only(gone, key)) return [];
          const id = gone.findIndex((one) => keyOf(one) === key) + 1;
          return [`${String(id)} ${names[index] ?? ''} ${key}`];
        });
        expect(pairsOf(moves)).toEqual(expected);
      }),
    );
  });

  it('does not take a file whose path the catalogue knows for a moved book', () => {
    const moves = new UnhashedMoves();
    const state = { sizeBytes: 1, modifiedNs: 1n };
    moves.addGone(bookOf(1, state));
    moves.addFound(fileOf('changed.epub', state, bookOf(2, state)));
    expect(pairsOf(moves)).toEqual([]);
  });

  it('remembers a hundred thousand of each, and lets the rest count as new', () => {
    const moves = new UnhashedMoves();
    for (let number = 0; number <= REMEMBERED; number++) {
      const state = { sizeBytes: number % 977, modifiedNs: BigInt(number) };
      moves.addFound(fileOf(`new/${String(number).padStart(6, '0')}.epub`, state));
      moves.addGone(bookOf(number + 1, state));
    }
    const pieces = [...moves.pairs()];
    const pairs = pieces.flat();
    expect(pairs).toHaveLength(REMEMBERED);
    expect(
      pairs.every(({ id, path }) => path.toString() === `new/${String(id - 1).padStart(6, '0')}.epub`),
    ).toBe(true);
    expect(Math.max(...pieces.map((piece) => piece.length))).toBe(500);
  });

  it('lets files count as new where their paths do not fit', () => {
    const moves = new UnhashedMoves();
    const longPath = (number: number): string => `${String(number)}/${'x'.repeat(3000)}`;
    for (let number = 1; number <= 4000; number++) {
      const state = { sizeBytes: number, modifiedNs: 0n };
      moves.addFound(fileOf(longPath(number), state));
      moves.addGone(bookOf(number, state));
    }
    const pairs = [...moves.pairs()].flat();
    expect(pairs.length).toBeGreaterThan(2500);
    expect(pairs.length).toBeLessThan(3000);
    expect(pairs.every(({ id, path }) => path.toString() === longPath(id))).toBe(true);
  });

  it('pairs nothing that it had no room for, though a shorter path would still have had room', () => {
    const moves = new UnhashedMoves();
    const twin = { sizeBytes: 7, modifiedNs: 7n };
    moves.addGone(bookOf(1, twin));
    // Paths that share nothing, each a little less than 64 KiB, fill the 8 MiB but for a part of one path.
    for (let index = 0; index < 128; index++) {
      const path = String.fromCodePoint(97 + (index % 2)).repeat(65_500);
      moves.addFound(fileOf(path, { sizeBytes: index, modifiedNs: 1n }));
    }
    moves.addFound(fileOf('c'.repeat(65_500), twin));
    moves.addFound(fileOf('d', twin));
    expect(pairsOf(moves)).toEqual([]);
  });
});
