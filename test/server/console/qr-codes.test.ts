import { join } from 'node:path';
import { encode } from 'uqr';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from '../../support/repository-root.js';

const SOURCE = join(repositoryRoot, 'server/console/parts/qr-modules.ts');
const MASKS = [0, 1, 2, 3, 4, 5, 6, 7];
const LONGEST = 2331;
/** Larger codes hold more: each of the forty sizes has a text or two. */
const next = (characters: number): number => characters + Math.max(7, Math.floor(characters / 22));

interface Source {
  readonly qrModules: (text: string) => { readonly side: number; readonly cells: Uint8Array };
}

/** Small letters, because uqr packs others more tightly. */
function textOf(characters: number): string {
  return Array.from(
    { length: characters },
    (_, at) => 'abcdefgh/ijk:xyz'[(at * at * 7 + characters) % 16],
  ).join('');
}

describe('a QR code of the console', async () => {
  // The pages are no part of the compiled tests.
  const { qrModules } = (await import(SOURCE)) as Source;

  it('is one of those that another program makes of the same text, in all forty sizes', () => {
    const sides = new Set<number>();
    for (let characters = 1; characters <= LONGEST; characters = next(characters)) {
      const text = textOf(characters);
      const { side, cells } = qrModules(text);
      sides.add(side);
      const others = MASKS.map((maskPattern) =>
        encode(text, { ecc: 'M', border: 0, maskPattern }).data.flat().map(Number).join(''),
      );
      expect(others, `${String(characters)} characters`).toContain(cells.join(''));
    }
    expect(sides.size).toBe(40);
  });

  it('holds other characters as UTF-8', () => {
    const text = 'https://bücher.example/koreader/図書';
    const others = MASKS.map((maskPattern) =>
      encode(text, { ecc: 'M', border: 0, maskPattern }).data.flat().map(Number).join(''),
    );
    expect(others).toContain(qrModules(text).cells.join(''));
  });

  it('does not exist of a text that is too long', () => {
    qrModules('x'.repeat(LONGEST));
    expect(() => qrModules('x'.repeat(LONGEST + 1))).toThrow(RangeError);
  });
});
