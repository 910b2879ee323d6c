import { describe, expect, it } from 'vitest';
import { BodyBuffer } from '../../../server/http/body-buffer.js';

describe.each([1, 10, 1024, 3000])('a body of at most %i bytes', (limit) => {
  const text = 'abcdefghij'.repeat(limit).slice(0, limit + 1);

  it.each([limit - 1, limit])('accepts one piece of %i bytes', (length) => {
    expect(new BodyBuffer(limit).addLast(pieceOf(text, 0, length))).toBe(text.slice(0, length));
  });

  it('refuses one piece that is one byte too long', () => {
    expect(new BodyBuffer(limit).addLast(pieceOf(text, 0, limit + 1))).toBeUndefined();
  });

  // Lengths of the first piece: nothing, one byte, all but one byte, everything.
  const cuts = (length: number) =>
    [...new Set([0, 1, length - 1, length])].filter((cut) => cut >= 0 && cut <= length);

  it.each([limit - 1, limit].flatMap((length) => cuts(length).map((cut) => [length, cut] as const)))(
    'is taken in two pieces, at %i, the first of %i',
    (length, cut) => {
      const body = new BodyBuffer(limit);
      expect(body.add(pieceOf(text, 0, cut))).toBe(true);
      expect(body.addLast(pieceOf(text, cut, length))).toBe(text.slice(0, length));
    },
  );

  it.each([...new Set([0, 1, limit])])(
    'is refused in two pieces that are longer by one, the first of %i',
    (cut) => {
      const body = new BodyBuffer(limit);
      expect(body.add(pieceOf(text, 0, cut))).toBe(true);
      expect(body.addLast(pieceOf(text, cut, limit + 1))).toBeUndefined();
    },
  );

  it('refuses a first piece that is one byte too long', () => {
    expect(new BodyBuffer(limit).add(pieceOf(text, 0, limit + 1))).toBe(false);
  });
});

it('a body is decoded correctly when a character is cut in two', () => {
  const bytes = new TextEncoder().encode('aé€😀');
  for (let cut = 0; cut <= bytes.length; cut++) {
    const body = new BodyBuffer(bytes.length);
    body.add(bytes.slice(0, cut).buffer);
    expect(body.addLast(bytes.slice(cut).buffer)).toBe('aé€😀');
  }
});

function pieceOf(text: string, start: number, end: number): ArrayBuffer {
  return new TextEncoder().encode(text.slice(start, end)).buffer;
}
