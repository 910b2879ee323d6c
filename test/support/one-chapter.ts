import { createTranslator, type Translator } from '../../server/positions/translation/translator.js';
import type {
  TranslatedPosition,
  Translation,
} from '../../server/positions/translation/translated-position.js';
import { makeEpub, xhtml, type BookFolder } from './epub.js';

/** Positions in one chapter of a book whose other chapters hold a line each. */
export interface ChapterUnderTest {
  readonly path: string;
  readonly translator: Translator;
  forward(xpointer: string): Promise<TranslatedPosition>;
  back(cfi: string): Promise<TranslatedPosition>;
}

/** Puts markup into the body of chapter `number`, counted from 1, of a book with one chapter more. */
export function chapterUnderTest(
  folder: BookFolder,
  body: string,
  number = 1,
  translator: Translator = createTranslator({ cacheBytes: 64 * 1024 * 1024 }),
): ChapterUnderTest {
  const chapters = Array.from({ length: number + 1 }, (_, index) => ({
    content: xhtml(index === number - 1 ? body : '<p>another chapter</p>'),
  }));
  const path = folder.write(makeEpub({ chapters }));
  return {
    path,
    translator,
    forward: async (xpointer) => translated(await translator.translateXpointer({ path }, xpointer)),
    back: async (cfi) => translated(await translator.translateCfi({ path }, cfi)),
  };
}

/** The position, or a failure that says why there is none. */
export function translated(translation: Translation): TranslatedPosition {
  if (translation.state === 'translated') return translation;
  throw new Error(`not translated: ${translation.reason}`);
}
