import { type ContentsItem, EPUB, type Section } from 'foliate-js/epub.js';
import * as epubCfi from 'foliate-js/epubcfi.js';
import { Paginator, type Relocation } from 'foliate-js/paginator.js';
import { SectionProgress, TOCProgress } from 'foliate-js/progress.js';
import type { Appearance, BookEvents, BookPlace, BookView, ContentsEntry } from './book-view.js';
import { chapterStyles } from './chapter-styles.js';
import { FixedPages } from './fixed-pages.js';
import { chapterOfImage, chapterThatSays, harmless, isMarkup, plainType } from './harmless-chapter.js';
import { isElement } from './node-kinds.js';
import { beginPageAt, withoutPageBreaks } from './page-break.js';
import { ReaderError, readerErrorOf } from './reader-error.js';
import { sha1 } from './sha1.js';
import { turnOfSwipe } from './turn-keys.js';
import { firstVisiblePlace } from './visible-place.js';
import type { ZipArchive } from './zip-archive.js';

/*
 * This file and fixed-pages.ts alone know foliate-js. It was chosen for its CFIs, which follow the specification and the source of the book:
 * those of epub.js and its heir epub-ts count nodes in another way, and some of them mean another place by the specification.
 * It also breaks Japanese and Arabic books into pages, and has 15 kB, where epub-ts has 65. Its author maintains it, but did
 * not publish the release that npm has, which contains changes of somebody else. So its version is pinned, its code was read,
 * and it gets no say: the build takes scripts out of its frames, and chapters come harmless to it.
 */

/** Like the server's: it would not translate places in larger ones. Browsers need seconds for a megabyte. */
const MOST_CHAPTER_BYTES = 8 * 1024 * 1024;
const MOST_IMAGE_BYTES = 64 * 1024 * 1024;
/** What a chapter shows besides its text is loaded with it, and kept as long as it is shown. Phones have some GB for all pages. */
const MOST_PARTS_BYTES = 256 * 1024 * 1024;
/** Fonts are scrambled by these, which hides no text. */
const SCRAMBLED_FONTS: ReadonlySet<string> = new Set([
  'http://www.idpf.org/2008/embedding',
  'http://ns.adobe.com/pdf/enc#RC',
]);
const TOO_MANY_PARTS = new ReaderError(
  'too-large',
  'Some pictures of this chapter are left out: all of them together have more than 256 MB.',
);
/** A key that is held down would turn pages long after it was let go. */
const MOST_WAITING_TURNS = 3;
/** How long a chapter has to stand still before its place is told. Longer than the library waits, which then tells it too. */
const SCROLL_REST_MS = 300;
/** The library counts in these to tell pages of equal length and the time left, which are not shown. */
const UNUSED = 1500;

/** @throws ReaderError */
export async function openEpub(
  archive: ZipArchive,
  appearance: Appearance,
  events: BookEvents,
): Promise<BookView> {
  await refuseEncrypted(archive);
  let pages: ReadonlySet<string> | undefined;
  let partsBytes = 0;
  /** A page does without a picture, a font or a style sheet that is damaged or too large. */
  const read = async (name: string, mostBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    const isPart = pages?.has(name) === false;
    if (isPart) {
      partsBytes += archive.entries.get(name)?.size ?? 0;
      if (partsBytes > MOST_PARTS_BYTES) {
        events.onProblem(TOO_MANY_PARTS);
        return new Uint8Array();
      }
    }
    try {
      return await archive.read(name, mostBytes);
    } catch (error) {
      const { failure } = readerErrorOf(error);
      if (!isPart || (failure !== 'broken' && failure !== 'too-large')) throw error;
      return new Uint8Array();
    }
  };
  const book = new EPUB({
    loadText: async (name) => textOf(await read(name, MOST_CHAPTER_BYTES)),
    loadBlob: async (name) => {
      const bytes = await read(name, MOST_IMAGE_BYTES);
      return bytes === undefined ? null : new Blob([bytes]);
    },
    getSize: (name) => archive.entries.get(name)?.size ?? 0,
    sha1: async (text) => Promise.resolve(sha1(new TextEncoder().encode(text))),
  });
  try {
    await book.init();
  } catch (error) {
    if (error instanceof ReaderError) throw error;
    throw new ReaderError('broken', 'The book cannot be opened: its list of chapters is missing or damaged.');
  }
  // One file has one type, also where a book lists it twice.
  const types = new Map<string, string>();
  for (const item of book.resources.manifest) {
    item.mediaType = types.get(item.href) ?? plainType(item.mediaType);
    types.set(item.href, item.mediaType);
  }
  pages = new Set(book.sections.map(({ id }) => id));
  for (const section of book.sections) {
    const load = section.load;
    section.load = () => {
      partsBytes = 0;
      return load();
    };
    // Some programs list each heading of a chapter once more: turning would lead through a page that says so for each.
    if (!archive.entries.has(section.id)) section.linear = 'no';
  }
  if (book.sections.length === 0) throw new ReaderError('broken', 'The book has no chapters.');
  const view = new EpubView(book, events);
  await view.begin(appearance);
  return view;
}

class EpubView implements BookView {
  readonly element: Paginator;
  readonly contents: readonly ContentsEntry[];
  readonly isFixed: boolean;
  readonly #book: EPUB;
  readonly #events: BookEvents;
  readonly #progress: SectionProgress;
  readonly #titles = new TOCProgress();
  /** Chapters of which something else is shown. A place in it would be none of the book. */
  readonly #replaced = new Set<number>();
  #hasOwnStyles = true;
  #moved: Promise<void> = Promise.resolve();
  #waitingTurns = 0;
  /** What happens is not to be taken for a turned page. */
  #isJumping = true;
  #isChapterRightToLeft = false;
  #scrollRest: ReturnType<typeof setTimeout> | undefined;

  constructor(book: EPUB, events: BookEvents) {
    this.#book = book;
    this.#events = events;
    this.contents = [...entriesOf(book.toc ?? [], 0)];
    this.#progress = new SectionProgress(book.sections, UNUSED, UNUSED);
    this.isFixed = book.rendition?.layout === 'pre-paginated';
    this.element = this.isFixed ? new FixedPages() : new Paginator();
    // With two of them a place could begin the second one, and would not be the first thing on the screen.
    this.element.setAttribute('max-column-count', '1');
    book.transformTarget.addEventListener('data', ({ detail }) => {
      detail.data = harmless(detail.data, detail.type);
    });
    for (const [index, section] of book.sections.entries()) this.#guard(section, index);
    this.element.addEventListener('load', ({ detail: { doc } }) => {
      this.#document = doc;
      this.#chooseStyles();
      this.#listen(doc);
    });
    this.element.addEventListener('relocate', ({ detail }) => this.#relocated(detail));
    // Beside the text. Presses on it come from its frame.
    this.element.addEventListener('click', ({ clientX }) => this.#events.onPress(clientX / innerWidth));
    this.element.addEventListener('scroll', () => {
      clearTimeout(this.#scrollRest);
      this.#scrollRest = setTimeout(() => this.#scrolled(), SCROLL_REST_MS);
    });
  }

  get isRightToLeft(): boolean {
    const { dir } = this.#book;
    return dir === 'rtl' || (dir !== 'ltr' && this.#isChapterRightToLeft);
  }

  async begin(appearance: Appearance): Promise<void> {
    const { toc, sections } = this.#book;
    if (toc != null) {
      await this.#titles.init({
        toc,
        ids: sections.map(({ id }) => id),
        splitHref: (href) => this.#book.splitTOCHref(href),
        getFragment: (document, id) => (id === undefined ? null : this.#book.getTOCFragment(document, id)),
      });
    }
    this.element.open(this.#book);
    this.setAppearance(appearance);
  }

  async goToCfi(cfi: string): Promise<boolean> {
    const [step, path] = chapterAndPath(cfi);
    const index = this.#book.sections.findIndex((section) => chapterAndPath(section.cfi)[0] === step);
    if (index < 0) return false;
    let isFound = true;
    await this.#jump(async () => {
      await this.element.goTo({
        index,
        anchor: (document) => {
          try {
            return beginPageAt(epubCfi.toRange(document, [path], withoutPageBreaks));
          } catch {
            isFound = false;
            return 0;
          }
        },
      });
      // The break has changed the number of pages.
      this.element.render();
    });
    return isFound;
  }

  async goToFraction(fraction: number): Promise<void> {
    const [index, anchor] = this.#progress.getSection(fraction);
    await this.#jump(() => this.element.goTo({ index, anchor: () => anchor }));
  }

  async goToHref(href: string): Promise<void> {
    const target = this.#book.resolveHref(href);
    if (target === null || target.index < 0) return;
    await this.#afterMoves(() => this.element.goTo(target));
  }

  async turn(direction: 1 | -1): Promise<void> {
    if (this.#waitingTurns >= MOST_WAITING_TURNS) return;
    this.#waitingTurns += 1;
    await this.#afterMoves(async () => {
      this.#waitingTurns -= 1;
      await (direction === 1 ? this.element.next() : this.element.prev());
    });
  }

  setAppearance(appearance: Appearance): void {
    this.#hasOwnStyles = appearance.hasOwnStyles;
    this.#chooseStyles();
    this.element.setAttribute('flow', appearance.flow === 'scroll' ? 'scrolled' : 'paginated');
    this.element.setStyles(chapterStyles(appearance));
  }

  close(): void {
    clearTimeout(this.#scrollRest);
    this.element.destroy();
    this.element.remove();
    this.#book.destroy();
  }

  #jump(move: () => Promise<void>): Promise<void> {
    return this.#afterMoves(async () => {
      this.#isJumping = true;
      try {
        await move();
      } finally {
        this.#isJumping = false;
      }
    });
  }

  /** The library goes nowhere, and does not say so, while it turns a page and for a moment after that. */
  async #afterMoves(move: () => Promise<void>): Promise<void> {
    const moved = this.#moved.then(move);
    this.#moved = moved.catch(() => undefined);
    await moved;
  }

  /** The library shows nothing, and goes no further, where a chapter cannot be loaded. A page that says why takes its place. */
  #guard(section: Section, index: number): void {
    const load = section.load;
    const type = this.#book.resources.manifest.find(({ href }) => href === section.id)?.mediaType ?? '';
    section.load = async () => {
      this.#replaced.delete(index);
      this.#events.onProblem(undefined);
      try {
        const isImage = type.startsWith('image/');
        if (!isImage && !isMarkup(type)) {
          throw new ReaderError('broken', 'It is of a type that is not shown in books.');
        }
        const address = await load();
        if (address === null || address === '') {
          throw new ReaderError('missing', 'This chapter is not in the file of the book.');
        }
        if (!isImage) return address;
        this.#replaced.add(index);
        return chapterOfImage(address);
      } catch (error) {
        const problem = readerErrorOf(error);
        this.#replaced.add(index);
        this.#events.onProblem(problem);
        return chapterThatSays(problem.message);
      }
    };
  }

  #listen(document: Document): void {
    const frame = document.defaultView?.frameElement;
    if (frame != null) frame.setAttribute('title', 'The page of the book');
    document.addEventListener('keydown', (event) => this.#events.onKey(event));
    document.addEventListener('click', (event) => {
      const target = event.target;
      const link =
        target !== null && isNode(target) && isElement(target)
          ? target.closest(':is(a, area)[*|href]')
          : null;
      if (link !== null) {
        event.preventDefault();
        this.#follow(link);
        return;
      }
      if (event.defaultPrevented || document.getSelection()?.isCollapsed === false) return;
      const { left, width } = frame?.getBoundingClientRect() ?? new DOMRect();
      const scale = width / (document.defaultView?.innerWidth ?? width);
      this.#events.onPress((event.clientX * scale + left) / innerWidth);
    });
    this.#listenToFingers(document);
  }

  /** The library turns pages with fingers too, but those of upright lines upwards alone, and those of a fixed layout never. */
  #listenToFingers(document: Document): void {
    let from: Touch | undefined;
    // What goes sideways is not taken by the browser.
    if (this.isFixed) document.documentElement.style.touchAction = 'pan-y pinch-zoom';
    document.addEventListener('touchstart', ({ touches }) => {
      from = touches.length === 1 ? touches[0] : undefined;
    });
    document.addEventListener('touchend', ({ changedTouches: [to] }) => {
      const isOurs = this.isFixed || (isUpright(document) && !this.element.scrolled);
      if (!isOurs) return;
      const direction = turnOfSwipe(from, to, this.isRightToLeft);
      if (direction !== undefined) void this.turn(direction);
    });
  }

  #follow(link: Element): void {
    const href =
      link.getAttribute('href') ?? link.getAttributeNS('http://www.w3.org/1999/xlink', 'href') ?? '';
    if (this.#book.isExternal(href)) {
      this.#events.onLink(href);
      return;
    }
    const section = this.#book.sections[this.#shown?.index ?? -1];
    if (section !== undefined) void this.goToHref(section.resolveHref(href));
  }

  /** The library adds one sheet in front of the others and one behind them. */
  #chooseStyles(): void {
    const { head, styleSheets } = this.#document ?? {};
    for (const sheet of styleSheets ?? []) {
      const isOurs =
        sheet.ownerNode === head?.firstElementChild || sheet.ownerNode === head?.lastElementChild;
      sheet.disabled = !isOurs && !this.#hasOwnStyles && !this.isFixed;
    }
  }

  #document: Document | undefined;
  /** What was told last. A tap and a window of another size are told too, and turn no page. */
  #shown: { readonly range: Range; readonly index: number; readonly fraction: number } | undefined;

  /** The library does not tell the first scrolling behind a jump. */
  #scrolled(): void {
    if (!this.element.scrolled || this.#shown === undefined) return;
    const { start, viewSize } = this.element;
    this.#relocated({ ...this.#shown, reason: 'scroll', fraction: start / viewSize });
  }

  #relocated({ reason, range: shownRange, index, fraction: told }: Relocation): void {
    // The library divides by the length of a chapter, which may be empty.
    const fraction = Number.isNaN(told) ? 0 : told;
    const range = shownRange ?? allOf(this.#document);
    if (range === undefined) return;
    const isElsewhere = this.#shown?.index !== index || this.#shown.fraction !== fraction;
    this.#shown = { range, index, fraction };
    const document = range.startContainer.ownerDocument;
    if (document !== null) this.#isChapterRightToLeft = isRightToLeft(document);
    const place = document === null ? undefined : firstVisiblePlace(document, pageArea(document));
    const section = this.#book.sections[index];
    const shown: BookPlace = {
      cfi:
        place === undefined || section === undefined || this.#replaced.has(index)
          ? undefined
          : epubCfi.joinIndir(section.cfi, epubCfi.fromRange(place, withoutPageBreaks)),
      bookFraction: this.#progress.getProgress(index, fraction).fraction,
      chapterFraction: fraction,
      chapter: this.#titles.getProgress(index, place ?? range)?.label,
    };
    this.#events.onPlace(shown, isElsewhere && !this.#isJumping && reason !== 'anchor');
    if (place === undefined && document !== null && isTextHidden(document)) this.#events.onHidden();
  }
}

function* entriesOf(items: readonly ContentsItem[], depth: number): Generator<ContentsEntry> {
  for (const { label, href, subitems } of items) {
    if (href !== null && label !== '') yield { label, href, depth };
    yield* entriesOf(subitems ?? [], depth + 1);
  }
}

/**
 * The spine's step to a chapter, and the path in the chapter. Ids are left out: the server has counted the steps in this very
 * file, and in some books several elements have the same id.
 */
function chapterAndPath(cfi: string): readonly [step: number, path: epubCfi.CfiStep[]] {
  const [spine, path] = epubCfi.collapse(epubCfi.parse(cfi));
  const withoutIds = path?.map(({ index, offset }) => (offset === undefined ? { index } : { index, offset }));
  return [spine?.at(-1)?.index ?? -1, withoutIds ?? []];
}

function isNode(target: EventTarget): target is Node {
  return 'nodeType' in target;
}

function allOf(document: Document | undefined): Range | undefined {
  const range = document?.createRange();
  if (document !== undefined) range?.selectNodeContents(document.body);
  return range;
}

/** What is seen of a chapter's frame, which is as wide as all pages of the chapter, in its own coordinates. */
function pageArea({ defaultView }: Document): DOMRect {
  const frame = defaultView?.frameElement;
  // A page of a fixed layout is seen as a whole.
  if (frame?.parentElement?.parentElement === null)
    return new DOMRect(0, 0, frame.clientWidth, frame.clientHeight);
  const seen = frame?.parentElement?.parentElement?.getBoundingClientRect();
  const at = frame?.getBoundingClientRect();
  if (seen === undefined || at === undefined) return new DOMRect();
  return new DOMRect(seen.left - at.left, seen.top - at.top, seen.width, seen.height);
}

function isRightToLeft({ defaultView, body }: Document): boolean {
  const styles = defaultView?.getComputedStyle(body);
  return styles?.direction === 'rtl' || styles?.writingMode === 'vertical-rl';
}

/** Whether its lines go downwards, as in Japanese. */
function isUpright({ defaultView, body }: Document): boolean {
  return defaultView?.getComputedStyle(body).writingMode.startsWith('vertical') === true;
}

/** Whether a chapter has words, but none is shown. */
function isTextHidden({ body }: Document): boolean {
  return /\S/.test(body.textContent) && !/\S/.test(body.innerText);
}

async function refuseEncrypted(archive: ZipArchive): Promise<void> {
  const list = textOf(await archive.read('META-INF/encryption.xml', MOST_CHAPTER_BYTES));
  if (list === null) return;
  for (const [, algorithm = ''] of list.matchAll(
    /<[^<>]*EncryptionMethod\b[^<>]*\bAlgorithm\s*=\s*["']([^"']*)["']/g,
  )) {
    if (SCRAMBLED_FONTS.has(algorithm)) continue;
    throw new ReaderError(
      'encrypted',
      'The book is encrypted (DRM): only the programs of its seller can show it.',
    );
  }
}

function textOf(bytes: Uint8Array | undefined): string | null {
  if (bytes === undefined) return null;
  // Two encodings of XML are told by their first bytes; the default is UTF-8.
  const [first, second] = bytes;
  const encoding =
    first === 0xfe && second === 0xff ? 'utf-16be' : first === 0xff && second === 0xfe ? 'utf-16le' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}
