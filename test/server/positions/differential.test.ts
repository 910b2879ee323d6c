import { afterAll, describe, expect, it } from 'vitest';
import { createTranslator } from '../../../server/positions/translation/translator.js';
import { makeBookFolder } from '../../support/epub.js';
import { DIFFERENCES_IN_BOOKS } from '../../support/book-differences.js';
import { compareBook, noDifferences } from './differential.js';
import { generatedBook } from './generated-book.js';

const folder = makeBookFolder();
afterAll(() => folder.remove());

/** differential.long.test.ts has more. */
const BOOKS = 40;

describe('generated books', () => {
  it('are read as a slow model reads them by the rules', async () => {
    const sums = noDifferences();
    for (let seed = 1; seed <= BOOKS; seed += 1) {
      const translator = createTranslator({ cacheBytes: 16 * 1024 * 1024 });
      await compareBook(seed, (content) => folder.write(content), translator, sums);
    }
    expect(sums.wrong).toEqual([]);
    // Without these a translator that is never sure would pass.
    expect(sums.exact).toBeGreaterThan(2000);
    expect(sums.exact).toBeGreaterThan(20 * sums.unsure);
    expect(sums.back).toBeGreaterThan(50 * sums.backUnsure);
  });

  it('have each of the differences between crengine and other readers', () => {
    const books = Array.from({ length: BOOKS }, (_, index) => {
      const { files, chapters } = generatedBook(index + 1);
      const content = files.map((file) => file.content.toString()).join('\n');
      return `${content}\n${chapters.map(({ source, isUtf16 }) => (isUtf16 ? `UTF-16 ${source}` : '')).join('\n')}`;
    });
    const missing = DIFFERENCES_IN_BOOKS.filter(([, pattern]) => !books.some((book) => pattern.test(book)));
    expect(missing.map(([name]) => name)).toEqual([]);
  });
});
