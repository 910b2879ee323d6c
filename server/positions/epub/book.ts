import { BookError } from '../book-error.js';
import type { DocumentFormat } from '../document-format.js';
import { parseAsCrengine } from '../crengine/crengine-parser.js';
import { attributeOf } from '../source/attributes.js';
import { ELEMENT, nameOf } from '../source/source-tree.js';
import { DocumentLimitError } from '../source/source-tree-builder.js';
import type { Work } from '../work.js';
import { decodePercent } from './archive-path.js';
import type { FileReader } from './file-reader.js';
import { readContainer, readPackageDocument, type PackageDocument } from './package-document.js';
import { readNavigation, readNcx, type TocEntry } from './table-of-contents.js';
import { bodyCounter } from './body-count.js';
import { decodeMarkup } from './text-encoding.js';
import { readZipContent } from './zip-content.js';
import { readZipDirectory, type ZipDirectory, type ZipEntry } from './zip-directory.js';

/** The directory, the spine and the table of contents of an EPUB, without its chapters; or a document of one file. */
export interface Book {
  readonly format: DocumentFormat;
  readonly directory: ZipDirectory;
  readonly packagePath: string;
  readonly package: PackageDocument;
  readonly toc: readonly TocEntry[];
  /** The paths in META-INF/encryption.xml, without obfuscated fonts. */
  readonly encryptedPaths: ReadonlySet<string>;
  /** The uncompressed size of the file of each spine item, which is its share of the book. 0 for a missing file. */
  readonly weights: readonly number[];
  /** A rough estimate of the memory of this object. */
  readonly sizeBytes: number;
}

/** container.xml and encryption.xml list a few files, or some dozens of obfuscated fonts. */
const MAX_CONTAINER_BYTES = 1024 * 1024;
/** The package document and the table of contents of a book with thousands of images reach 2 MB. */
const MAX_PACKAGE_BYTES = 8 * 1024 * 1024;
/** The memory of one entry of the directory, with its name. */
const BYTES_PER_ENTRY = 300;

const FONT_OBFUSCATION: ReadonlySet<string> = new Set([
  'http://www.idpf.org/2008/embedding',
  'http://ns.adobe.com/pdf/enc#RC',
]);

/** The package document of an EPUB, not parsed yet. */
export interface PackageSource {
  readonly directory: ZipDirectory;
  readonly packagePath: string;
  readonly source: string;
}

/**
 * Finds and reads the package document.
 * @throws BookError with any of its codes.
 */
export async function readPackageSource(file: FileReader, work: Work): Promise<PackageSource> {
  const directory = await readZipDirectory(file);
  const container = directory.get('META-INF/container.xml');
  if (container === undefined) throw new BookError('not-an-epub', 'no META-INF/container.xml');
  const packagePath = withinLimits(() =>
    readContainer(readMarkup(file, container, MAX_CONTAINER_BYTES), work),
  );
  const packageEntry = packagePath === undefined ? undefined : directory.get(packagePath);
  if (packagePath === undefined || packageEntry === undefined) {
    throw new BookError('not-an-epub', 'container.xml names no package document that is there');
  }
  return { directory, packagePath, source: readMarkup(file, packageEntry, MAX_PACKAGE_BYTES) };
}

/**
 * Reads the parts of an EPUB that are needed to find its chapters.
 * @throws BookError with any of its codes.
 */
export async function readBook(file: FileReader, work: Work): Promise<Book> {
  const { directory, packagePath, source } = await readPackageSource(file, work);
  const packageDocument = withinLimits(() =>
    readPackageDocument(source, packagePath, work, bodyCounter(file, directory, work)),
  );
  const toc = readToc(file, directory, packageDocument, work);
  const weights = packageDocument.spine.map(({ path }) =>
    path === undefined ? 0 : (directory.get(path)?.sizeBytes ?? 0),
  );
  return {
    format: 'epub',
    directory,
    packagePath,
    package: packageDocument,
    toc,
    encryptedPaths: readEncryptedPaths(file, directory, work),
    weights,
    sizeBytes:
      (directory.size + packageDocument.spine.length + toc.length) * BYTES_PER_ENTRY +
      toc.reduce(
        (sum, { title, path, fragment = '' }) => sum + title.length + path.length + fragment.length,
        0,
      ),
  };
}

function readMarkup(file: FileReader, entry: ZipEntry, limitBytes: number): string {
  return decodeMarkup(readZipContent(file, entry, limitBytes)).source;
}

/** The navigation document, else the NCX. A book has no titles if both are missing or broken. */
function readToc(file: FileReader, directory: ZipDirectory, from: PackageDocument, work: Work): TocEntry[] {
  const sources = [
    { path: from.navigationPath, read: readNavigation },
    { path: from.ncxPath, read: readNcx },
  ];
  for (const { path, read } of sources) {
    const entry = path === undefined ? undefined : directory.get(path);
    if (path === undefined || entry === undefined) continue;
    try {
      const entries = read(readMarkup(file, entry, MAX_PACKAGE_BYTES), path, work);
      if (entries.length > 0) return entries;
    } catch (error) {
      // Positions can be found without titles.
      if (!(error instanceof BookError) && !(error instanceof DocumentLimitError)) throw error;
    }
  }
  return [];
}

function readEncryptedPaths(file: FileReader, directory: ZipDirectory, work: Work): Set<string> {
  const paths = new Set<string>();
  const entry = directory.get('META-INF/encryption.xml');
  if (entry === undefined) return paths;
  const { tree } = withinLimits(() => parseAsCrengine(readMarkup(file, entry, MAX_CONTAINER_BYTES), work));
  let algorithm = '';
  for (let node = 0; node < tree.nodeCount; node += 1) {
    if (tree.kind[node] !== ELEMENT) continue;
    const name = nameOf(tree, node);
    if (name === 'encrypteddata') algorithm = '';
    if (name === 'encryptionmethod' && algorithm === '') {
      algorithm = attributeOf(tree, node, 'Algorithm') ?? '';
    }
    if (name !== 'cipherreference' || FONT_OBFUSCATION.has(algorithm)) continue;
    const reference = attributeOf(tree, node, 'URI');
    if (reference !== undefined) paths.add(decodePercent(reference));
  }
  return paths;
}

/** A package document with too many nodes makes the book unreadable. */
export function withinLimits<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof DocumentLimitError)) throw cause;
    throw new BookError('too-large', 'the package document is too complex', { cause });
  }
}
