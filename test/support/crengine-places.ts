import { expect, it } from 'vitest';
import { createTranslator, type Translator } from '../../server/positions/translation/translator.js';
import { makeEpub, xhtml, type EpubFolder } from './epub.js';
import { translated } from './one-chapter.js';

/** The style sheet, the body, a place in it as crengine 05b2098f prints it, and the text there. */
export type PlaceRow = readonly [css: string, body: string, place: string, text: string];

export interface PlacesInBook {
  readonly translator: Translator;
  /** The path of a book whose first chapter has that style sheet and that body. */
  readonly bookOf: (css: string, body: string) => string;
  /** A test for each place: it is found with certainty, and its CFI leads back to it. */
  readonly itFinds: (rows: readonly PlaceRow[]) => void;
}

const BODY = '/body/DocFragment[1]/body';

export function placesInBook(folder: EpubFolder): PlacesInBook {
  const translator = createTranslator({ cacheBytes: 8 * 1024 * 1024 });
  const bookOf = (css: string, body: string): string => {
    const head = '<link rel="stylesheet" type="text/css" href="../s.css"/>';
    const chapters = [{ content: xhtml(body, head) }, { content: xhtml('<p>another chapter</p>') }];
    return folder.write(makeEpub({ chapters, files: [{ name: 'OPS/s.css', content: css }] }));
  };
  const itFinds = (rows: readonly PlaceRow[]): void => {
    it.each(rows)('%s %s: %s is %s', async (css, body, place, text) => {
      const path = bookOf(css, body);
      const position = translated(await translator.translateXpointer({ path }, `${BODY}${place}`));
      const back = translated(await translator.translateCfi({ path }, position.cfi));
      expect([position.textAfter.slice(0, text.length), position.cfiConfidence, back.xpointer]).toEqual([
        text,
        'exact',
        `${BODY}${place}`,
      ]);
    });
  };
  return { translator, bookOf, itFinds };
}
