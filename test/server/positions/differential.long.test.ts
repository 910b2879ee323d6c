import { afterAll, describe, expect, it } from 'vitest';
import { createTranslator } from '../../../server/positions/translation/translator.js';
import { makeBookFolder } from '../../support/epub.js';
import { compareBook, noDifferences } from './differential.js';

const folder = makeBookFolder();
afterAll(() => folder.remove());

/** After the seeds of differential.test.ts. */
const FIRST_SEED = 1000;

describe('100,000 positions in generated books', () => {
  it('are those of a slow model that follows the rules', async () => {
    const sums = noDifferences();
    for (let seed = FIRST_SEED; sums.exact + sums.unsure < 100_000; seed += 1) {
      const translator = createTranslator({ cacheBytes: 16 * 1024 * 1024 });
      await compareBook(seed, (content) => folder.write(content), translator, sums);
    }
    expect(sums.wrong).toEqual([]);
    expect(sums.exact).toBeGreaterThan(20 * sums.unsure);
    expect(sums.back).toBeGreaterThan(50 * sums.backUnsure);
  });
});
