import { BookError } from '../book-error.js';
import { bookStyle } from '../crengine/book-style.js';
import type { StyleGuess } from '../crengine/style-guess.js';
import { parseStyleSheet, type StyleSheet } from '../crengine/style-sheet.js';
import { resolveReference } from '../epub/archive-path.js';
import type { Book } from '../epub/book.js';
import type { FileReader } from '../epub/file-reader.js';
import { decodeMarkup } from '../epub/text-encoding.js';
import { readZipContent } from '../epub/zip-content.js';
import { attributeOf } from '../source/attributes.js';
import type { Work } from '../work.js';
import {
  ELEMENT,
  firstChildOf,
  isText,
  nameOf,
  startOf,
  endOf,
  type SourceTree,
} from '../source/source-tree.js';

/** Style sheets of books have some ten kilobytes, those of converters some hundred. */
const MAX_SHEET_BYTES = 1024 * 1024;
/** Of one chapter, with the imported ones. */
const MAX_SHEETS = 20;

const STYLE_ATTRIBUTE = /\sstyle\s*=\s*["'][^"'>]*(?:display|white-space|float)/i;

/** The styles of a chapter, from the sheets that it links, the sheets that these import, and those in its head. */
export function chapterStyle(
  tree: SourceTree,
  path: string,
  sheetAt: (path: string) => StyleSheet | undefined,
): StyleGuess | undefined {
  const sheets: StyleSheet[] = [];
  const seen = new Set<string>();
  const add = (sheet: StyleSheet | undefined, from: string): void => {
    if (sheet === undefined || sheets.length === MAX_SHEETS) return;
    for (const reference of sheet.imports) addPath(resolveReference(from, reference, tree.work)?.path);
    sheets.push(sheet);
  };
  const addPath = (sheetPath: string | undefined): void => {
    // A sheet that is imported twice, perhaps by itself, is added once.
    if (sheetPath === undefined || seen.has(sheetPath) || seen.size === MAX_SHEETS) return;
    seen.add(sheetPath);
    add(sheetAt(sheetPath), sheetPath);
  };
  for (let node = 0; node < tree.nodeCount; node += 1) {
    if (tree.kind[node] !== ELEMENT) continue;
    const name = nameOf(tree, node);
    if (name === 'body' || sheets.length === MAX_SHEETS) break;
    if (name === 'link' && isStyleSheetLink(tree, node)) {
      addPath(resolveReference(path, attributeOf(tree, node, 'href') ?? '', tree.work)?.path);
    }
    const content = firstChildOf(tree, node);
    if (name === 'style' && isText(tree, content)) {
      add(parseStyleSheet(tree.source.slice(startOf(tree, content), endOf(tree, content)), tree.work), path);
    }
  }
  tree.work.scan(tree.source.length);
  return bookStyle(tree, sheets, STYLE_ATTRIBUTE.test(tree.source));
}

/** Reads a style sheet of the book. Undefined if it is not there or cannot be read. */
export function readStyleSheet(
  file: FileReader,
  book: Book,
  path: string,
  work: Work,
): StyleSheet | undefined {
  const entry = book.directory.get(path);
  if (entry === undefined) return undefined;
  try {
    return parseStyleSheet(decodeMarkup(readZipContent(file, entry, MAX_SHEET_BYTES)).source, work);
  } catch (error) {
    // Readers ignore a broken style sheet too.
    if (error instanceof BookError) return undefined;
    throw error;
  }
}

function isStyleSheetLink(tree: SourceTree, link: number): boolean {
  const relations = (attributeOf(tree, link, 'rel') ?? '').toLowerCase().split(/\s+/);
  if (relations.includes('alternate')) return false;
  return relations.includes('stylesheet') || (attributeOf(tree, link, 'type') ?? '') === 'text/css';
}
