import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bookId } from '../../../server/domain/ids.js';
import { GoneBooks } from '../../../server/scan/gone-books.js';

/** How many ids, each far from the next, one of the two sets has room for. */
const ROOM_FOR_SPARSE_IDS = 16_384;

function missingOf(gone: GoneBooks, limit = 1000): number[] {
  return [...gone.missing(limit)].flat();
}

function sparseId(number: number) {
  return bookId(number * 1024 + 1);
}

describe('GoneBooks', () => {
  it('gives the gone books that did not move, in ascending order, for any ids', () => {
    const ids = fc.array(
      fc.oneof(
        fc.integer({ min: 1, max: 3000 }),
        fc.integer({ min: 2 ** 31 - 40, max: 2 ** 31 + 40 }),
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(ids, ids, fc.integer({ min: 1, max: 7 }), (goneIds, movedIds, limit) => {
        const books = new GoneBooks();
        for (const id of goneIds) books.addGone(bookId(id));
        for (const id of movedIds) books.addMoved(bookId(id));
        const expected = [...new Set(goneIds)]
          .filter((id) => !movedIds.includes(id))
          .toSorted((a, b) => a - b);
        const pieces = [...books.missing(limit)];
        expect(pieces.flat()).toEqual(expected);
        expect(pieces.every((piece) => piece.length <= limit)).toBe(true);
        expect(pieces).toHaveLength(Math.ceil(expected.length / limit));
        expect(books.isEmpty).toBe(goneIds.length === 0);
        expect(books.isComplete).toBe(true);
        for (const id of [...goneIds, ...movedIds])
          expect(books.hasMoved(bookId(id))).toBe(movedIds.includes(id));
      }),
    );
  });

  it('says that it does not know all gone books where they do not fit, and gives those that do', () => {
    const books = new GoneBooks();
    for (let number = 0; number < ROOM_FOR_SPARSE_IDS; number++) books.addGone(sparseId(number));
    expect(books.isComplete).toBe(true);
    books.addGone(sparseId(ROOM_FOR_SPARSE_IDS));
    expect(books.isComplete).toBe(false);
    expect(missingOf(books)).toHaveLength(ROOM_FOR_SPARSE_IDS);
  });

  it.each(['before', 'after'])(
    'calls no book missing where the moved ones do not fit, be it gone %s that',
    (when) => {
      const books = new GoneBooks();
      if (when === 'before') books.addGone(bookId(5));
      for (let number = 0; number <= ROOM_FOR_SPARSE_IDS; number++) books.addMoved(sparseId(number));
      if (when === 'after') books.addGone(bookId(5));
      expect(books).toMatchObject({ isComplete: false, isEmpty: false });
      expect(missingOf(books)).toEqual([]);
    },
  );

  it('is complete where the moved ones do not fit and none is gone', () => {
    const books = new GoneBooks();
    for (let number = 0; number <= ROOM_FOR_SPARSE_IDS; number++) books.addMoved(sparseId(number));
    expect(books).toMatchObject({ isComplete: true, isEmpty: true });
  });
});
