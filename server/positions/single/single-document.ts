import { BookError } from '../book-error.js';
import type { DocumentFormat } from '../document-format.js';
import type { Book } from '../epub/book.js';
import type { FileReader } from '../epub/file-reader.js';
import { readZipContent } from '../epub/zip-content.js';
import { readZipDirectory, type ZipDirectory } from '../epub/zip-directory.js';

/** A FictionBook with its pictures, in base64, is seldom larger. It is read at once. */
const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;
/** A smaller FictionBook is not worth the search for its pictures. */
const UNCUT_BYTES = 1024 * 1024;
/** The memory of an entry of the directory, with its name. */
const BYTES_PER_ENTRY = 300;

/** The files that crengine opens in an archive, of which it takes the first one (RULES.md R39). */
const OPENED = /\.(?:html?|fb2|fb3|epub|rtf|docx?|odt|txt|pml|fbd)$/i;
const INDEX_PAGE = /(?:^|\/)(?:index|default)\.html?$/i;
const NAMES: Readonly<Record<DocumentFormat, RegExp>> = {
  epub: /\.epub$/i,
  'fiction-book': /\.fb2$/i,
  html: /\.html?$/i,
};
const MEDIA_TYPES: Readonly<Record<DocumentFormat, string>> = {
  epub: 'application/epub+zip',
  'fiction-book': 'application/x-fictionbook+xml',
  html: 'text/html',
};

/**
 * A FictionBook or an HTML file as a book with a single chapter. The file may be in a ZIP archive.
 *
 * @throws BookError as `readZipDirectory`; `not-a-document` where crengine opens no file of that format in the archive.
 */
export async function readSingleDocument(file: FileReader, format: 'fiction-book' | 'html'): Promise<Book> {
  const isArchive = file.identity.sizeBytes >= 4 && file.read(0, 4).toString('latin1') === 'PK\u0003\u0004';
  const directory: ZipDirectory = isArchive ? await readZipDirectory(file) : new Map();
  const path = isArchive ? openedPath(directory) : nameOfFile(file);
  if (path === undefined || (isArchive && !NAMES[format].test(path))) {
    throw new BookError('not-a-document', 'the archive has no document that KOReader opens in this format');
  }
  const mediaType = MEDIA_TYPES[format];
  return {
    format,
    directory,
    packagePath: '',
    package: {
      spineStep: 0,
      spineId: undefined,
      spine: [
        {
          position: 1,
          idref: '',
          id: undefined,
          path,
          shownPath: path,
          mediaType,
          isLinear: true,
          number: 1,
          fragment: 1,
          fragmentCount: 1,
          formerFragment: 1,
        },
      ],
      fragmentCount: 1,
      navigationPath: undefined,
      ncxPath: undefined,
    },
    toc: [],
    encryptedPaths: new Set(),
    weights: [1],
    sizeBytes: BYTES_PER_ENTRY * (1 + directory.size),
  };
}

/** The last file `index.html` or `default.html`, else the first one that crengine knows by its name (RULES.md R39). */
function openedPath(directory: ZipDirectory): string | undefined {
  const paths = [...directory.keys()];
  return paths.findLast((path) => INDEX_PAGE.test(path)) ?? paths.find((path) => OPENED.test(path));
}

function nameOfFile({ identity }: FileReader): string {
  return identity.path.subarray(identity.path.lastIndexOf('/') + 1).toString('utf8');
}

/**
 * The markup of the document, of a large FictionBook without its pictures.
 *
 * @throws BookError as `readZipContent`; `too-large`
 */
export function readSingleContent(file: FileReader, { directory, format }: Book, path: string): Buffer {
  const entry = directory.get(path);
  const { sizeBytes } = file.identity;
  if (entry === undefined && sizeBytes > MAX_DOCUMENT_BYTES) {
    throw new BookError('too-large', 'the document is too large');
  }
  const content =
    entry === undefined ? file.read(0, sizeBytes) : readZipContent(file, entry, MAX_DOCUMENT_BYTES);
  return format === 'fiction-book' && content.length > UNCUT_BYTES ? withoutPictures(content) : content;
}

/** The pictures follow the last body. */
function withoutPictures(content: Buffer): Buffer {
  const end = content.lastIndexOf('</body>');
  const text = content.subarray(0, Math.max(0, end));
  // The text of a `style` without an end goes on to the end of the file.
  const isOpen = text.lastIndexOf('<style') > text.lastIndexOf('</style');
  return end < 0 || isOpen ? content : Buffer.concat([text, END]);
}

const END = Buffer.from('</body></FictionBook>');
