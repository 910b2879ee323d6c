import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { makeBookFolder } from '../../support/epub.js';
import { chapterUnderTest } from '../../support/one-chapter.js';
import { readTestData } from '../../support/test-data.js';

const { pairs } = z
  .object({
    pairs: z.array(
      z.object({
        id: z.string(),
        body: z.string(),
        xpointer: z.string(),
        cfi: z.string(),
        word: z.string().optional(),
        served: z.string().optional(),
      }),
    ),
  })
  .parse(readTestData('position-pairs.json'));

const folder = makeBookFolder();
afterAll(() => folder.remove());

describe('pairs of KOReader positions and CFIs', () => {
  it('has all of them', () => {
    expect(pairs).toHaveLength(34);
  });

  it.each(pairs)('$id $xpointer becomes $cfi', async ({ body, xpointer, cfi, word }) => {
    const number = Number(/DocFragment\[(\d+)\]/.exec(xpointer)?.[1]);
    const position = await chapterUnderTest(folder, body, number).forward(xpointer);
    expect(position.cfi).toBe(cfi);
    expect(position.cfiConfidence).toBe('exact');
    if (word !== undefined) expect(position.textAfter.startsWith(word)).toBe(true);
  });

  it.each(pairs)('$id $cfi becomes $xpointer', async ({ body, xpointer, cfi, word, served }) => {
    const number = Number(/DocFragment\[(\d+)\]/.exec(xpointer)?.[1]);
    const position = await chapterUnderTest(folder, body, number).back(cfi);
    expect(position.xpointer).toBe(served ?? xpointer);
    expect(position.xpointerConfidence).toBe('exact');
    if (word !== undefined) expect(position.textAfter.startsWith(word)).toBe(true);
  });
});
