import { expect, it } from 'vitest';
import type { DocumentFormat } from '../../server/positions/document-format.js';
import { createTranslator } from '../../server/positions/translation/translator.js';
import type {
  TranslatedPosition,
  Translation,
} from '../../server/positions/translation/translated-position.js';
import type { EpubFolder } from './epub.js';

/** What the place is about, the document, a place in it as crengine 05b2098f prints it, and the text there. */
export type DocumentRow = readonly [what: string, document: string | Buffer, place: string, text: string];

export interface PlacesInDocument {
  readonly translate: (document: string | Buffer, place: string) => Promise<TranslatedPosition>;
  readonly translation: (
    document: string | Buffer,
    place: string,
    percentage?: number,
  ) => Promise<Translation>;
  /** The x-pointer of a locator. */
  readonly back: (document: string | Buffer, locator: object) => Promise<TranslatedPosition>;
  /** A test for each place: it is found with certainty, and its path in the document leads back to it. */
  readonly itFinds: (rows: readonly DocumentRow[]) => void;
}

/** Places in a document of one file. */
export function placesInDocument(folder: EpubFolder, format: DocumentFormat): PlacesInDocument {
  const translator = createTranslator({ cacheBytes: 8 * 1024 * 1024 });
  const bookOf = (document: string | Buffer) => ({ path: folder.write(Buffer.from(document)), format });
  const translation: PlacesInDocument['translation'] = (document, place, percentage) =>
    translator.translateXpointer(bookOf(document), place, { percentage });
  const translate: PlacesInDocument['translate'] = async (document, place) =>
    positionOf(await translation(document, place));
  const back: PlacesInDocument['back'] = async (document, locator) =>
    positionOf(await translator.translateLocator(bookOf(document), { href: 'any', ...locator }));
  const itFinds: PlacesInDocument['itFinds'] = (rows) => {
    it.each(rows)('%s', async (_, document, place, text) => {
      const there = await translate(document, place);
      const { partialCfi } = there.locator.locations;
      const again = await back(document, { locations: { partialCfi } });
      expect([
        there.textAfter.slice(0, text.length),
        there.cfiConfidence,
        again.xpointer,
        again.xpointerConfidence,
      ]).toEqual([text, 'exact', place, 'exact']);
    });
  };
  return { translate, translation, back, itFinds };
}

function positionOf(translation: Translation): TranslatedPosition {
  if (translation.state === 'translated') return translation;
  throw new Error(`not translated: ${translation.reason}`);
}
