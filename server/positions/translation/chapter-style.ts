import { BookError } from '../book-error.js';
import type { BookStyles } from '../crengine/computed-style.js';
import { mediaApplies, type Applies } from '../crengine/css-conditions.js';
import type { Dialect } from '../crengine/dialect.js';
import { parseStyleSheet, type StyleImport, type StyleSheet } from '../crengine/style-sheet.js';
import { resolveReference } from '../epub/archive-path.js';
import type { Book } from '../epub/book.js';
import type { FileReader } from '../epub/file-reader.js';
import { decodeMarkup } from '../epub/text-encoding.js';
import { readZipContent } from '../epub/zip-content.js';
import { crengineAttributeOf } from '../source/attributes.js';
import type { Work } from '../work.js';
import {
  ELEMENT,
  childrenOf,
  firstChildOf,
  isText,
  nameOf,
  parentOf,
  startOf,
  endOf,
  type SourceTree,
} from '../source/source-tree.js';

/** Style sheets of books have some ten kilobytes, those of converters some hundred. */
const MAX_SHEET_BYTES = 1024 * 1024;
/** crengine ignores a smaller file, because it cannot tell its encoding (RULES.md R29). */
const MIN_SHEET_BYTES = 16;
/** Of one chapter, with the imported ones. */
const MAX_SHEETS = 20;

/** Nothing is known of what it says. */
const UNREAD_SHEET: StyleSheet = { rules: [], imports: [], isCut: true };

const STYLE_ATTRIBUTE = /\sstyle\s*=\s*["'][^"'>]*(?:display|white-space|float)/i;

/** Of which body of a document the style sheets are wanted. */
export interface StyledBody {
  readonly tree: SourceTree;
  /** All bodies of the document, in order. */
  readonly bodies: readonly number[];
  readonly bodyIndex: number;
}

/**
 * The style sheets of a body: those that are linked before it, after the body before, with what they import, and then the
 * text of all `style` elements before it, which crengine reads as one sheet (RULES.md R29, R34).
 */
export function chapterStyles(
  { tree, bodies, bodyIndex }: StyledBody,
  path: string,
  sheetAt: (path: string) => StyleSheet | undefined,
  dialect: Dialect = 'chapter',
): BookStyles {
  const collection = new SheetCollection(tree, sheetAt);
  const linksFrom = bodies[bodyIndex - 1] ?? 0;
  let headStyle = '';
  for (const node of nodesBefore(tree, bodies, bodyIndex)) {
    const name = nameOf(tree, node);
    if (name === 'link' && node >= linksFrom) {
      const applies = linkApplies(tree, node, dialect);
      const url = crengineAttributeOf(tree, node, 'href') ?? '';
      if (applies !== 'no') collection.addFile(path, { url, isConditional: applies === 'unknown' });
    }
    const content = firstChildOf(tree, node);
    if (name === 'style' && isText(tree, content)) {
      headStyle += tree.source.slice(startOf(tree, content), endOf(tree, content));
    }
  }
  collection.addSheet(path, parseStyleSheet(headStyle, tree.work));
  return { sheets: collection.sheets, hasStyleAttributes: hasStyleAttributes(tree) };
}

/** The first `stylesheet` of a FictionBook (RULES.md R37). */
export function documentStyles(tree: SourceTree): BookStyles {
  let css = '';
  for (let node = 0; node < tree.nodeCount; node += 1) {
    if (tree.kind[node] !== ELEMENT) continue;
    const name = nameOf(tree, node);
    if (name === 'body') break;
    if (name !== 'stylesheet' || nameOf(tree, parentOf(tree, node)) !== 'FictionBook') continue;
    for (const child of childrenOf(tree, node)) {
      if (isText(tree, child)) css += `${tree.source.slice(startOf(tree, child), endOf(tree, child))}\n`;
    }
    break;
  }
  return { sheets: [parseStyleSheet(css, tree.work)], hasStyleAttributes: hasStyleAttributes(tree) };
}

function hasStyleAttributes(tree: SourceTree): boolean {
  tree.work.scan(tree.source.length);
  return STYLE_ATTRIBUTE.test(tree.source);
}

/** The elements before a body that are in none of the bodies before it. */
function* nodesBefore(tree: SourceTree, bodies: readonly number[], bodyIndex: number): Generator<number> {
  const end = bodies[bodyIndex] ?? tree.nodeCount;
  let inside = 0;
  for (let node = 0; node < end; node += 1) {
    tree.work.spend(1);
    if (bodies[inside] === node) {
      const bodyEnd = endOf(tree, node);
      while (node + 1 < end && startOf(tree, node + 1) < bodyEnd) node += 1;
      inside += 1;
    } else if (tree.kind[node] === ELEMENT) yield node;
  }
}

/** The sheets in the order in which they apply: what a sheet imports comes before it. */
class SheetCollection {
  readonly sheets: StyleSheet[] = [];
  readonly #tree: SourceTree;
  readonly #sheetAt: (path: string) => StyleSheet | undefined;
  /** A sheet does not import itself. */
  readonly #open = new Set<string>();
  #asked = 0;

  constructor(tree: SourceTree, sheetAt: (path: string) => StyleSheet | undefined) {
    this.#tree = tree;
    this.#sheetAt = sheetAt;
  }

  addFile(from: string, { url, isConditional }: StyleImport): void {
    const path = resolveReference(from, url, this.#tree.work)?.path;
    if (path === undefined || this.#open.has(path) || this.#asked === MAX_SHEETS) return;
    this.#asked += 1;
    const sheet = this.#sheetAt(path);
    if (sheet === undefined) return;
    this.#open.add(path);
    this.addSheet(path, isConditional ? conditionalSheet(sheet) : sheet);
    this.#open.delete(path);
  }

  addSheet(path: string, sheet: StyleSheet): void {
    for (const imported of sheet.imports) this.addFile(path, imported);
    this.sheets.push(sheet);
  }
}

function conditionalSheet(sheet: StyleSheet): StyleSheet {
  return {
    ...sheet,
    rules: sheet.rules.map((rule) => ({ ...rule, isConditional: true })),
    imports: sheet.imports.map(({ url }) => ({ url, isConditional: true })),
  };
}

/** Reads a style sheet of the book. Undefined if it is not there or cannot be read. */
export function readStyleSheet(
  file: FileReader,
  book: Book,
  path: string,
  work: Work,
): StyleSheet | undefined {
  const entry = book.directory.get(path);
  // crengine reads it from the folder of the file, which may lie outside of the library.
  if (book.format === 'html' && book.directory.size === 0) return UNREAD_SHEET;
  if (entry === undefined) return undefined;
  try {
    const bytes = readZipContent(file, entry, MAX_SHEET_BYTES);
    return bytes.length < MIN_SHEET_BYTES ? undefined : parseStyleSheet(decodeMarkup(bytes).source, work);
  } catch (error) {
    // Readers ignore a broken style sheet too.
    if (error instanceof BookError) return undefined;
    throw error;
  }
}

/** In a chapter crengine takes any link for a style sheet that does not say otherwise by its `rel` or its `type`. */
function linkApplies(tree: SourceTree, link: number, dialect: Dialect): Applies {
  const relation =
    crengineAttributeOf(tree, link, 'rel')?.trim().toLowerCase() ?? (dialect === 'html' ? '' : 'stylesheet');
  const type = crengineAttributeOf(tree, link, 'type')?.trim().toLowerCase() ?? 'text/css';
  if (relation !== 'stylesheet' || type !== 'text/css') return 'no';
  return mediaApplies(crengineAttributeOf(tree, link, 'media') ?? '');
}
