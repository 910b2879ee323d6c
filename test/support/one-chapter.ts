import { createTranslator, type Translator } from '../../server/positions/translation/translator.js';
import type {
  TranslatedPosition,
  Translation,
} from '../../server/positions/translation/translated-position.js';
import { type EpubFolder, makeEpub, xhtml } from './epub.js';

/** A position in an EPUB has a CFI. */
export type PositionInEpub = TranslatedPosition & { readonly cfi: string };

/** Translates positions in one chapter of a book whose other chapters hold one line each. */
export interface ChapterUnderTest {
  readonly path: string;
  readonly translator: Translator;
  /** The translation of an x-pointer. Fails when there is none. */
  forward(xpointer: string): Promise<PositionInEpub>;
  /** The translation of a CFI. Fails when there is none. */
  back(cfi: string): Promise<PositionInEpub>;
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

/** The translated position in an EPUB. Throws an error with the reason when there is none. */
export function translated(translation: Translation): PositionInEpub {
  if (translation.state !== 'translated') throw new Error(`not translated: ${translation.reason}`);
  const { cfi } = translation;
  if (cfi === undefined) throw new Error('a position without a CFI');
  return { ...translation, cfi };
}
