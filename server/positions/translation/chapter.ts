import { BookError } from '../book-error.js';
import { errorPage, mayBeDrawing } from '../crengine/error-page.js';
import { isDocumentToCrengine, isHtmlToCrengine } from '../crengine/format-check.js';
import { crengineViewOf, type CrengineView, type CrengineViewOptions } from '../crengine/crengine-view.js';
import { domViewOf, type DomView } from '../dom/dom-view.js';
import type { StyleSheet } from '../crengine/style-sheet.js';
import type { Book } from '../epub/book.js';
import { MAX_CHAPTER_BYTES } from '../epub/body-count.js';
import type { FileReader } from '../epub/file-reader.js';
import { decodeMarkup } from '../epub/text-encoding.js';
import { readZipContent } from '../epub/zip-content.js';
import type { Markup } from '../source/markup.js';
import { readSingleContent } from '../single/single-document.js';
import { NO_NODE, findElement, type SourceTree } from '../source/source-tree.js';
import { WorkLimitError, type Work } from '../work.js';
import { DocumentLimitError } from '../source/source-tree-builder.js';
import { chapterStyles, documentStyles } from './chapter-style.js';
import { headingOffsets, titledOffsets, type TitledOffset } from './chapter-titles.js';
import { textMeasureOf, type TextMeasure } from './text-measure.js';

/** Why positions inside of a chapter are unknown. The chapter itself still has a position in the book. */
export type ChapterProblem =
  /** The manifest has no such item, or the archive no such file. */
  | 'chapter-missing'
  /** Above a limit of size, count or depth. */
  | 'chapter-too-large'
  /** Reading it takes more steps than any real chapter needs. */
  | 'chapter-too-complex'
  /** It cannot be decompressed. */
  | 'chapter-damaged'
  /** To crengine it is not a document with a body, but an image or a plain text (RULES.md R36). */
  | 'chapter-without-body';

/** A chapter, one of several bodies in its file, or a page about an error, in both views, over one source string. */
export interface Chapter {
  readonly state: 'readable';
  /** Why the chapter is the page that KOReader shows instead of its file (RULES.md R36). Undefined if it is its file. */
  readonly problem: ChapterProblem | undefined;
  /** Which body of the document this is, counted from 0 (RULES.md R34). */
  readonly bodyIndex: number;
  readonly crengine: CrengineView;
  readonly dom: DomView;
  readonly measure: TextMeasure;
  /** Lines of the table of contents that lead into it. */
  readonly titles: readonly TitledOffset[];
  /** An estimate of the memory of this object. */
  readonly sizeBytes: number;
}

export interface UnreadableChapter {
  readonly state: 'unreadable';
  readonly problem: ChapterProblem;
  readonly sizeBytes: number;
}

/** A string that is not Latin-1 has two bytes a character. */
const BYTES_PER_CHARACTER = 2;
/** Browsers use the XML parser for these. */
const XHTML_NAME = /\.xhtml$/i;
/** The memory of the objects around the columns. */
const FIXED_BYTES = 4096;

/**
 * Reads and parses one file of the spine.
 * @param sheetAt gives the style sheet at a path of the archive.
 * @throws BookError `encrypted`, `unreadable` or `truncated`, which mean that no chapter of the book can be read.
 */
export function readChapter(
  file: FileReader,
  book: Book,
  spineIndex: number,
  bodyIndex: number,
  sheetAt: (path: string) => StyleSheet | undefined,
  work: Work,
): Chapter | UnreadableChapter {
  const item = book.package.spine[spineIndex];
  const path = item?.path;
  if (item === undefined || path === undefined) return unreadable('chapter-missing');
  const { format } = book;
  if (format !== 'epub') return attemptReading(() => readDocument(file, book, format, path, sheetAt, work));
  const entry = book.directory.get(path);
  if (book.encryptedPaths.has(path)) throw new BookError('encrypted', 'the book is encrypted');
  const readMarkup = (markup: Markup, problem?: ChapterProblem): Chapter | undefined =>
    viewsOf(markup, work, {
      dialect: 'chapter',
      bodyIndex,
      stylesOf: (tree, bodies) => chapterStyles({ tree, bodies, bodyIndex }, path, sheetAt),
      titlesOf: (tree) => titledOffsets(tree, book, path),
      problem,
    });
  const readErrorPage = (problem: ChapterProblem): Chapter | UnreadableChapter => {
    const { shownPath, mediaType = '', idref } = item;
    const name = shownPath;
    const page =
      name === undefined ? undefined : readMarkup(errorPage({ name, mediaType, id: idref }), problem);
    return page ?? unreadable(problem);
  };
  return attemptReading(() => {
    if (entry === undefined) return readErrorPage('chapter-missing');
    const content = readZipContent(file, entry, MAX_CHAPTER_BYTES);
    const chapter = isHtmlToCrengine(content, path) ? readMarkup(decodeMarkup(content)) : undefined;
    if (chapter !== undefined) return chapter;
    return mayBeDrawing(content) ? unreadable('chapter-without-body') : readErrorPage('chapter-without-body');
  });
}

/** Reads a document of one file, of which nothing else is shown if it is not what its name says. */
function readDocument(
  file: FileReader,
  book: Book,
  format: 'fiction-book' | 'html',
  path: string,
  sheetAt: (path: string) => StyleSheet | undefined,
  work: Work,
): Chapter | UnreadableChapter {
  const content = readSingleContent(file, book, path);
  if (content.length > MAX_CHAPTER_BYTES) return unreadable('chapter-too-large');
  const chapter = isDocumentToCrengine(content, path, format)
    ? viewsOf(decodeMarkup(content), work, {
        dialect: format,
        isHtml: format === 'html' && !XHTML_NAME.test(path),
        bodyIndex: 0,
        stylesOf: (tree) =>
          format === 'html'
            ? chapterStyles({ tree, bodies: firstBody(tree), bodyIndex: 0 }, path, sheetAt, 'html')
            : documentStyles(tree),
        titlesOf: (tree) => headingOffsets(tree, format),
      })
    : undefined;
  return chapter ?? unreadable('chapter-without-body');
}

/** In HTML the styles are those before the `body`, which is inside of what is shown. */
function firstBody(tree: SourceTree): number[] {
  const body = findElement(tree, 'body');
  return body === NO_NODE ? [] : [body];
}

interface ViewOptions extends CrengineViewOptions {
  readonly bodyIndex: number;
  readonly titlesOf: (tree: SourceTree) => TitledOffset[];
  readonly problem?: ChapterProblem | undefined;
  /** Whether browsers use the HTML parser in any case. */
  readonly isHtml?: boolean;
}

/** Undefined for a document without a body. */
function viewsOf(markup: Markup, work: Work, options: ViewOptions): Chapter | undefined {
  const crengine = crengineViewOf(markup, work, options);
  const dom = domViewOf(markup.source, work, options.isHtml);
  if (dom === undefined || crengine.body === NO_NODE) return undefined;
  const measure = textMeasureOf(crengine);
  const titles = options.titlesOf(crengine.order.tree);
  const sizeBytes =
    FIXED_BYTES +
    markup.source.length * BYTES_PER_CHARACTER +
    crengine.sizeBytes +
    dom.sizeBytes +
    measure.sizeBytes;
  const { bodyIndex, problem } = options;
  return { state: 'readable', problem, bodyIndex, crengine, dom, measure, titles, sizeBytes };
}

function attemptReading(read: () => Chapter | UnreadableChapter): Chapter | UnreadableChapter {
  try {
    return read();
  } catch (error) {
    if (error instanceof DocumentLimitError) return unreadable('chapter-too-large');
    if (error instanceof WorkLimitError) return unreadable('chapter-too-complex');
    if (!(error instanceof BookError)) throw error;
    if (error.code === 'too-large') return unreadable('chapter-too-large');
    if (error.code === 'damaged' || error.code === 'unsupported') return unreadable('chapter-damaged');
    throw error;
  }
}

function unreadable(problem: ChapterProblem): UnreadableChapter {
  return { state: 'unreadable', problem, sizeBytes: FIXED_BYTES };
}
