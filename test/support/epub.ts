import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeZip, type ZipFile } from './zip.js';

/** One itemref of the spine and the file to which it leads. */
export interface EpubChapter {
  /** The whole file. `undefined`: the archive has no such file. */
  readonly content?: string | Buffer | undefined;
  readonly mediaType?: string;
  /** Further attributes of the itemref, with a leading space: ` linear="no"`. */
  readonly itemrefAttributes?: string;
  /** Whether the manifest has no item with the idref. */
  readonly isDangling?: boolean;
}

export interface EpubOptions {
  readonly chapters: readonly EpubChapter[];
  /** Content of META-INF/encryption.xml. */
  readonly encryption?: string;
  /** Content of the navigation document. */
  readonly navigation?: string;
  readonly ncx?: string;
  /** Further items of the manifest. */
  readonly items?: string;
  /** Further files of the archive. */
  readonly files?: readonly ZipFile[];
  /** Elements in `metadata`. */
  readonly metadata?: string;
  /** Further attributes of `package`, with a leading space. */
  readonly packageAttributes?: string;
  /** Further elements of `package`, before `spine`. */
  readonly beforeSpine?: string;
  readonly spineAttributes?: string;
}

/** The path of a chapter in the archive: `OPS/text/1.xhtml` for the first one. */
export function chapterPath(number: number): string {
  return `OPS/text/${number}.xhtml`;
}

const CONTAINER =
  '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">' +
  '<rootfiles><rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>';

/** An EPUB. */
export function makeEpub(options: EpubOptions): Buffer {
  return makeZip(epubFiles(options));
}

/** The files of an EPUB, for tests that leave out or change some of them. */
export function epubFiles(options: EpubOptions): ZipFile[] {
  const { chapters } = options;
  const items = chapters
    .map(({ mediaType = 'application/xhtml+xml', isDangling }, index) =>
      isDangling === true
        ? ''
        : `<item id="c${index + 1}" href="text/${index + 1}.xhtml" media-type="${mediaType}"/>`,
    )
    .join('');
  const nav =
    options.navigation === undefined
      ? ''
      : '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>';
  const ncx =
    options.ncx === undefined ? '' : '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>';
  const itemrefs = chapters
    .map(({ itemrefAttributes = '' }, index) => `<itemref idref="c${index + 1}"${itemrefAttributes}/>`)
    .join('\n');
  const opf =
    '<?xml version="1.0"?>\n<package xmlns="http://www.idpf.org/2007/opf" version="3.0"' +
    `${options.packageAttributes ?? ''}><metadata>${options.metadata ?? ''}</metadata><manifest>${items}${options.items ?? ''}${nav}${ncx}</manifest>${options.beforeSpine ?? ''}` +
    `<spine${options.spineAttributes ?? ''}>\n${itemrefs}\n</spine></package>`;
  return [
    { name: 'mimetype', content: 'application/epub+zip', isStored: true },
    { name: 'META-INF/container.xml', content: CONTAINER },
    ...(options.encryption === undefined
      ? []
      : [{ name: 'META-INF/encryption.xml', content: options.encryption }]),
    { name: 'OPS/book.opf', content: opf },
    ...(options.navigation === undefined ? [] : [{ name: 'OPS/nav.xhtml', content: options.navigation }]),
    ...(options.ncx === undefined ? [] : [{ name: 'OPS/toc.ncx', content: options.ncx }]),
    ...chapters.flatMap(({ content }, index) =>
      content === undefined ? [] : [{ name: chapterPath(index + 1), content }],
    ),
    ...(options.files ?? []),
  ];
}

/** A well-formed chapter whose body holds some markup. */
export function xhtml(body: string, head = '<title>t</title>'): string {
  return (
    '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">' +
    `<head>${head}</head><body>${body}</body></html>`
  );
}

/** A temporary folder for EPUBs, whose names are numbers. */
export interface EpubFolder {
  /** Writes a new file and returns its path. */
  write(content: Buffer): string;
  remove(): void;
}

export function makeBookFolder(): EpubFolder {
  const folder = mkdtempSync(join(tmpdir(), 'dogear-books-'));
  let count = 0;
  return {
    write: (content) => {
      count += 1;
      const path = join(folder, `${count}.epub`);
      writeFileSync(path, content);
      return path;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
