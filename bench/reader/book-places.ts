import { SaxesParser } from 'saxes';
import { readBook } from '../../server/positions/epub/book.js';
import { withFile } from '../../server/positions/epub/file-reader.js';
import { decodeMarkup } from '../../server/positions/epub/text-encoding.js';
import { readZipContent } from '../../server/positions/epub/zip-content.js';
import { createTranslator } from '../../server/positions/translation/translator.js';
import { Work } from '../../server/positions/work.js';

/** The beginning of a word, as KOReader pushes it when its page begins there. */
export interface BookPlace {
  readonly xpointer: string;
  /** From there on, with single spaces: read from the file with another parser than that which made the x-pointer. */
  readonly words: string;
}

const MOST_CHAPTER_BYTES = 8 * 1024 * 1024;
/** Enough to tell places apart. */
const WORDS_CHARACTERS = 30;

/** Places spread over a book, of those that Dogear is sure of. */
export async function placesOf(path: string, count: number): Promise<readonly BookPlace[]> {
  const places = await withFile(path, undefined, async (file) => {
    const book = await readBook(file, new Work());
    const found: { readonly cfi: string; readonly words: string }[] = [];
    for (const { path: chapter, position } of book.package.spine) {
      const entry = chapter === undefined ? undefined : book.directory.get(chapter);
      if (entry === undefined) continue;
      const { source } = decodeMarkup(readZipContent(file, entry, MOST_CHAPTER_BYTES));
      const spine = `/${String(book.package.spineStep)}/${String(position * 2)}`;
      for (const { path: step, words } of wordsOf(source))
        found.push({ cfi: `epubcfi(${spine}!${step})`, words });
    }
    return found;
  });
  const translator = createTranslator({ cacheBytes: 64 * 1024 * 1024 });
  const sure: BookPlace[] = [];
  for (let number = 0; number < count * 4 && sure.length < count; number += 1) {
    const share = ((number % count) + 0.2 + Math.floor(number / count) * 0.2) / count;
    const place = places[Math.floor(share * places.length)];
    if (place === undefined) continue;
    const translation = await translator.translateCfi({ path }, place.cfi);
    if (translation.state !== 'translated' || translation.xpointerConfidence !== 'exact') continue;
    sure.push({ xpointer: translation.xpointer, words: place.words });
  }
  return sure;
}

/** Every tenth beginning of a word in the body of a well-formed chapter, with its path from the root element. */
function wordsOf(source: string): readonly { readonly path: string; readonly words: string }[] {
  const texts: { path: string; start: number; data: string }[] = [];
  const open: { name: string; elements: number; text: string }[] = [{ name: '', elements: 0, text: '' }];
  let all = '';
  const endText = (): void => {
    const parent = open.at(-1);
    if (parent === undefined || parent.text === '') return;
    const inside = open.map(({ name }) => name);
    if (inside[2] === 'body' && !inside.some((name) => name === 'script' || name === 'style')) {
      const steps = open.slice(1, -1).map(({ elements }) => `/${String(elements * 2)}`);
      texts.push({
        path: `${steps.join('')}/${String(parent.elements * 2 + 1)}`,
        start: all.length,
        data: parent.text,
      });
      all += parent.text;
    }
    parent.text = '';
  };
  const parser = new SaxesParser();
  parser.on('error', () => undefined);
  const addText = (text: string): void => {
    const parent = open.at(-1);
    if (parent !== undefined) parent.text += text;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('opentag', ({ name }) => {
    endText();
    const parent = open.at(-1);
    if (parent !== undefined) parent.elements += 1;
    open.push({ name, elements: 0, text: '' });
  });
  parser.on('closetag', () => {
    endText();
    if (BLOCKS.has(open.at(-1)?.name ?? '')) all += ' ';
    open.pop();
  });
  parser.write(source).close();
  let number = 0;
  return texts.flatMap(({ path, start, data }) =>
    [...data.matchAll(/(?<=\s|^)\S{2}/g)].flatMap(({ index }) => {
      number += 1;
      if (number % EVERY !== 0) return [];
      const words = all
        .slice(start + index, start + index + 400)
        .replaceAll(/\s+/g, ' ')
        .slice(0, WORDS_CHARACTERS);
      return [{ path: `${path}:${String(index)}`, words }];
    }),
  );
}

const EVERY = 10;
/** Browsers put what follows them into another line. */
const BLOCKS: ReadonlySet<string> = new Set(
  'p div li h1 h2 h3 h4 h5 h6 dt dd tr td th pre section ul ol table blockquote br'.split(' '),
);
