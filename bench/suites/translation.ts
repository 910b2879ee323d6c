import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import type { Bench } from 'tinybench';
import { createTranslator } from '../../server/positions/translation/translator.js';
import type { Translation } from '../../server/positions/translation/translated-position.js';
import { makeEpub, xhtml } from '../../test/support/epub.js';
import { newBench } from './micro-bench.js';

/** An ordinary novel: thirty chapters of 100 KB of varied text, an EPUB of 1 MB. */
const CHAPTERS = 30;
const PARAGRAPHS = 180;
const CACHE_BYTES = 64 * 1024 * 1024;
const NUMBER = 17;
const XPOINTER = `/body/DocFragment[${NUMBER}]/body/div/p[90]/text()[3].40`;

/**
 * Translates one position of an ordinary EPUB of 1 MB, in this thread. One iteration is one translation.
 *
 * - `first`: nothing of the book is in the cache; `first, malformed` with chapters that need the HTML parser
 * - `first in a chapter`: the book is in the cache, and the chapter is not
 * - `again, …`: the chapter is in the cache too; from an x-pointer, a CFI, the text of a locator, a fraction of the book
 *
 * @param folder the book is written into it, and not removed.
 * @param timeMs of measurement for each task
 * @throws Error if a translation is not exact
 */
export async function translationBench(folder: string, timeMs: number): Promise<Bench> {
  const path = join(folder, 'translation.epub');
  writeFileSync(path, makeEpub(ordinaryBook('<p>')));
  const malformedPath = join(folder, 'translation-malformed.epub');
  writeFileSync(malformedPath, makeEpub(ordinaryBook('<p class=malformed>')));
  const book = { path };
  const malformed = { path: malformedPath };

  const warm = createTranslator({ cacheBytes: CACHE_BYTES });
  const known = exact(await warm.translateXpointer(book, XPOINTER));
  const { partialCfi: _, ...locations } = known.locator.locations;
  const locator = { ...known.locator, locations };
  let chapter = 0;
  // The cache holds the book and one chapter: each chapter drives out the one before.
  const small = createTranslator({ cacheBytes: 3 * 1024 * 1024 });

  const bench = newBench('translation', timeMs);
  bench.add('first', async () => {
    exact(await createTranslator({ cacheBytes: CACHE_BYTES }).translateXpointer(book, XPOINTER));
  });
  bench.add('first, malformed', async () => {
    exact(await createTranslator({ cacheBytes: CACHE_BYTES }).translateXpointer(malformed, XPOINTER));
  });
  bench.add('first in a chapter', async () => {
    chapter = (chapter + 1) % CHAPTERS;
    const xpointer = XPOINTER.replace(`[${NUMBER}]`, `[${chapter + 1}]`);
    exact(await small.translateXpointer(book, xpointer));
  });
  bench.add('again, x-pointer', async () => {
    exact(await warm.translateXpointer(book, XPOINTER));
  });
  bench.add('again, CFI', async () => {
    exact(await warm.translateCfi(book, known.cfi ?? ''));
  });
  bench.add('again, text', async () => {
    exact(await warm.translateLocator(book, locator));
  });
  bench.add('again, percentage', async () => {
    await warm.translatePercentage(book, 0.42);
  });
  return bench;
}

function exact(translation: Translation): Extract<Translation, { state: 'translated' }> {
  if (translation.state === 'translated' && translation.cfiConfidence === 'exact') return translation;
  throw new Error('the position was not translated exactly');
}

function ordinaryBook(tag: string): Parameters<typeof makeEpub>[0] {
  const chapters = Array.from({ length: CHAPTERS }, (_, chapter) => {
    const paragraphs = Array.from({ length: PARAGRAPHS }, (__, paragraph) =>
      paragraphOf(tag, chapter * PARAGRAPHS + paragraph),
    );
    const head = '<title>t</title><link rel="stylesheet" type="text/css" href="../style.css"/>';
    return {
      content: xhtml(
        `<div class="body">\n<h2 id="h${chapter}">Chapter</h2>\n${paragraphs.join('\n')}\n</div>`,
        head,
      ),
    };
  });
  const lines = chapters.map(
    (_, index) => `<li><a href="text/${index + 1}.xhtml#h${index}">${index}</a></li>`,
  );
  const css =
    'p { margin: 0; text-indent: 1em } h2 { display: block; margin: 2em } .c1 { display: block } span.i { display: inline }';
  return {
    chapters,
    navigation: xhtml(`<nav epub:type="toc"><ol>${lines.join('')}</ol></nav>`),
    files: [{ name: 'OPS/style.css', content: css }],
  };
}

/** Some 550 characters in hard-wrapped lines, with inline elements. No two are alike, and every run has the same. */
function paragraphOf(tag: string, seed: number): string {
  let state = seed + 1;
  const words = Array.from({ length: 90 }, (_, index) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const word = state.toString(36).slice(-(2 + (state % 6)));
    if (index === 20 || index === 40) return `<span class="i">${word}</span>`;
    return index % 12 === 11 ? `${word}\n` : word;
  });
  return `${tag}${words.join(' ')} &#160;&amp; end.</p>`;
}
