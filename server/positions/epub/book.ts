import { BookError } from '../book-error.js';
import { parseAsCrengine } from '../crengine/crengine-parser.js';
import { attributeOf } from '../source/attributes.js';
import { ELEMENT, nameOf } from '../source/source-tree.js';
import { DocumentLimitError } from '../source/source-tree-builder.js';
import type { FileReader } from './file-reader.js';
import { readContainer, readPackageDocument, type PackageDocument } from './package-document.js';
import { readNavigation, readNcx, type TocEntry } from './table-of-contents.js';
import { decodeMarkup } from './text-encoding.js';
import { readZipContent } from './zip-content.js';
import { readZipDirectory, type ZipDirectory, type ZipEntry } from './zip-directory.js';

/** An EPUB's directory, spine and table of contents; no chapter of it. */
export interface Book {
  readonly directory: ZipDirectory;
  readonly packagePath: string;
  readonly package: PackageDocument;
  readonly toc: readonly TocEntry[];
  /** Paths that META-INF/encryption.xml lists, obfuscated fonts left out. */
  readonly encryptedPaths: ReadonlySet<string>;
  /** Uncompressed size of each spine item's file, 0 for a missing one: its share of the book. */
  readonly weights: readonly number[];
  /** What this object takes in memory, roughly. */
  readonly sizeBytes: number;
}

/** container.xml and encryption.xml list a handful of files; obfuscated fonts some dozens. */
const MAX_CONTAINER_BYTES = 1024 * 1024;
/** Package documents and tables of contents of books with thousands of images reach 2 MB. */
const MAX_PACKAGE_BYTES = 8 * 1024 * 1024;
/** An entry of the directory with its name. */
const BYTES_PER_ENTRY = 300;

const FONT_OBFUSCATION: ReadonlySet<string> = new Set([
  'http://www.idpf.org/2008/embedding',
  'http://ns.adobe.com/pdf/enc#RC',
]);

/**
 * Reads what is needed of an EPUB to find its chapters.
 * @throws BookError with any of its codes.
 */
export async function readBook(file: FileReader): Promise<Book> {
  const directory = await readZipDirectory(file);
  const container = directory.get('META-INF/container.xml');
  if (container === undefined) throw new BookError('not-an-epub', 'no META-INF/container.xml');
  const packagePath = readContainer(readMarkup(file, container, MAX_CONTAINER_BYTES));
  const packageEntry = packagePath === undefined ? undefined : directory.get(packagePath);
  if (packagePath === undefined || packageEntry === undefined) {
    throw new BookError('not-an-epub', 'container.xml names no package document that is there');
  }
  const packageDocument = withinLimits(() =>
    readPackageDocument(readMarkup(file, packageEntry, MAX_PACKAGE_BYTES), packagePath),
  );
  const toc = readToc(file, directory, packageDocument);
  const weights = packageDocument.spine.map(({ path }) =>
    path === undefined ? 0 : (directory.get(path)?.sizeBytes ?? 0),
  );
  return {
    directory,
    packagePath,
    package: packageDocument,
    toc,
    encryptedPaths: readEncryptedPaths(file, directory),
    weights,
    sizeBytes: (directory.size + packageDocument.spine.length + toc.length) * BYTES_PER_ENTRY,
  };
}

function readMarkup(file: FileReader, entry: ZipEntry, limitBytes: number): string {
  return decodeMarkup(readZipContent(file, entry, limitBytes));
}

/** The navigation document, else the NCX. A book without either, or with broken ones, has no titles. */
function readToc(file: FileReader, directory: ZipDirectory, from: PackageDocument): TocEntry[] {
  const sources = [
    { path: from.navigationPath, read: readNavigation },
    { path: from.ncxPath, read: readNcx },
  ];
  for (const { path, read } of sources) {
    const entry = path === undefined ? undefined : directory.get(path);
    if (path === undefined || entry === undefined) continue;
    try {
      const entries = read(readMarkup(file, entry, MAX_PACKAGE_BYTES), path);
      if (entries.length > 0) return entries;
    } catch (error) {
      // Titles are an extra: positions are found without them.
      if (!(error instanceof BookError) && !(error instanceof DocumentLimitError)) throw error;
    }
  }
  return [];
}

function readEncryptedPaths(file: FileReader, directory: ZipDirectory): Set<string> {
  const paths = new Set<string>();
  const entry = directory.get('META-INF/encryption.xml');
  if (entry === undefined) return paths;
  const { tree } = withinLimits(() => parseAsCrengine(readMarkup(file, entry, MAX_CONTAINER_BYTES)));
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
    if (reference !== undefined) paths.add(decodeReference(reference));
  }
  return paths;
}

function decodeReference(reference: string): string {
  try {
    return decodeURIComponent(reference);
  } catch (error) {
    if (error instanceof URIError) return reference;
    throw error;
  }
}

/** A container or package document past the bounds of a tree makes the book unreadable. */
function withinLimits<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof DocumentLimitError)) throw cause;
    throw new BookError('too-large', 'the package document is too complex', { cause });
  }
}
