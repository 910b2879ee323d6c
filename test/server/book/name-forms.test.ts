import { describe, expect, it } from 'vitest';
import { MOST_NAME_FORMS, nameForms } from '../../../server/book/name-forms.js';
import { md5 } from '../../support/book-folder.js';

const METADATA = {
  identifier: undefined,
  title: undefined,
  authors: [],
  series: undefined,
  seriesIndex: undefined,
  language: undefined,
  structureMd5: undefined,
};

function formsOf(name: string | Buffer, metadata: Partial<typeof METADATA> | object = {}) {
  return nameForms(Buffer.from(name), { ...METADATA, ...metadata }).map(
    ({ origin, digest }) => `${origin} ${digest.toString('hex')}`,
  );
}

describe('the forms of a name', () => {
  it.each([
    'Emma.epub',
    'Jane Austen - Emma (1815) [v2].epub',
    "It's a book, no. 5 & 6.pdf",
    'no extension',
    '',
  ])('are none for %j', (name) => {
    expect(formsOf(name)).toEqual([]);
  });

  it.each([
    // Composed and decomposed.
    ['\u00c9t\u00e9.epub', 'nfd', 'E\u0301te\u0301.epub'],
    ['E\u0301te\u0301.epub', 'nfc', '\u00c9t\u00e9.epub'],
    ['\u00c9t\u00e9.epub', 'ascii', 'Ete.epub'],
    ['Stra\u00dfe \u2013 \u0141\u00f3d\u017a.epub', 'ascii', 'Strasse - Lodz.epub'],
    // What FAT does not take.
    ['What? Why: a <b>|"c"*.epub', 'koreader', 'What_ Why_ a _b___c__.epub'],
    ['Vol. 1. .cbz', 'koreader', 'Vol. 1.cbz'],
    ['A\\B.pdf', 'koreader', 'A_B.pdf'],
    [`${'\u00e9'.repeat(130)}.epub`, 'koreader', `${'\u00e9'.repeat(120)}.epub`],
    // What Calibre does not write.
    ['C++ Primer.epub', 'calibre', 'C__ Primer.epub'],
    ['.hidden.epub', 'calibre', '_hidden.epub'],
    ['Wait... what.epub', 'calibre', 'Wait_. what.epub'],
    ['What?.\u00e9pub', 'ascii', 'What_.epub'],
    // Kobo.
    ['Emma.kepub.epub', 'kepub', 'Emma.epub'],
    ['Emma.kepub.epub', 'kepub', 'Emma.kepub'],
    ['Emma.kepub', 'kepub', 'Emma.kepub.epub'],
    ['E: mma.kepub', 'kepub', 'E_ mma.kepub.epub'],
  ])('of %j have %s: %j', (name, origin, form) => {
    expect(formsOf(name)).toContain(`${origin} ${md5(form)}`);
  });

  it('have the name of a download from a catalogue', () => {
    const metadata = { title: 'What? Emma.', authors: ['Jane Austen', 'A. Friend'] };
    expect(formsOf('x.EPUB', metadata)).toEqual([
      `opds ${md5('Jane Austen, A. Friend - What_ Emma.epub')}`,
      `opds ${md5('Jane Austen - What_ Emma.epub')}`,
    ]);
    expect(formsOf('Jane Austen - Emma.epub', { title: 'Emma', authors: ['Jane Austen'] })).toEqual([]);
    expect(formsOf('x.epub', { title: 'Emma' })).toEqual([]);
  });

  it('are different, bounded and never the name itself', () => {
    const name = '.\u00c9t\u00e9 + a?: "b".. .kepub.epub';
    const forms = formsOf(name, { title: 'T', authors: ['A', 'B'] });
    const digests = forms.map((form) => form.split(' ')[1]);
    expect(forms.length).toBeLessThanOrEqual(MOST_NAME_FORMS);
    expect(new Set(digests).size).toBe(forms.length);
    expect(digests).not.toContain(md5(name));
  });

  it('are none of a name that is not UTF-8', () => {
    expect(formsOf(Buffer.from([0xe9, 0x3f, 0x2e, 0x61]))).toEqual([]);
  });
});
