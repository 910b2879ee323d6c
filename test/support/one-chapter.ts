import { createTranslator, type Translator } from '../../server/positions/translation/translator.js';
import type {
  TranslatedPosition,
  Translation,
} from '../../server/positions/translation/translated-position.js';
import { type EpubFolder, makeEpub, xhtml } from './epub.js';

/** Translates positions in one chapter of a book whose other chapters hold one line each. */
export interface ChapterUnderTest {
  readonly path: string;
  readonly translator: Translator;
  /** The translation of an x-pointer. Fails when there is none. */
  forward(xpointer: string): Promise<TranslatedPosition>;
  /** The translation of a CFI. Fails when there is none. */
  back(cfi: string): Promise<TranslatedPosition>;
}

/** A book of `number` + 1 chapters with `body` in chapter `number`, counted from 1. */
export function chapterUnderTest(
  folder: EpubFolder,
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

/** The translated position. Throws an error with the reason when there is none. */
export function translated(translation: Translation): TranslatedPosition {
  if (translation.state === 'translated') return translation;
  throw new Error(`not translated: ${translation.reason}`);
}
