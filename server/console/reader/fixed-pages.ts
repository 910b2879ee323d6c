import type { EPUB } from 'foliate-js/epub.js';
import { FixedLayout, type PageSize } from 'foliate-js/fixed-layout.js';

/** Pages of a size that the book has chosen, one at a time, as large as they fit. Nothing of them is changed. */
export class FixedPages extends FixedLayout {
  readonly scrolled = false;
  readonly start = 0;
  readonly viewSize = 1;
  #book: EPUB | undefined;
  #index = -1;

  constructor() {
    super();
    this.addEventListener('load', ({ detail: { doc } }) => makeSizeKnown(doc));
    this.addEventListener('relocate', ({ detail: { index } }) => {
      if (index !== this.#index) this.#letGo();
      this.#index = index;
    });
  }

  override open(book: EPUB): void {
    this.#book = book;
    // The place of two pages beside each other would be that of one of them.
    if (book.rendition !== undefined) book.rendition.spread = 'none';
    super.open(book);
    // The library takes no size out of what the book says in words.
    this.defaultViewport = sizeOf(book.rendition?.viewport);
  }

  override destroy(): void {
    super.destroy();
    this.#letGo();
  }

  setStyles(): void {
    // The book's own are all there are.
  }

  render(): void {
    // The library does it whenever the window changes.
  }

  /** The library keeps the pictures of all pages that were shown. */
  #letGo(): void {
    this.#book?.sections[this.#index]?.unload();
  }
}

customElements.define('dogear-fixed-pages', FixedPages);

/** Some pages say "device-width", of which the library makes no size. It then takes that of the book, or of the picture. */
function makeSizeKnown(document: Document): void {
  const said = document.querySelector('meta[name="viewport"]');
  if (sizeOf(said?.getAttribute('content')) === undefined) said?.remove();
}

/** @param viewport `width=1000, height=1400` */
function sizeOf(viewport: string | null | undefined): PageSize | undefined {
  const [, width] = /\bwidth\s*=\s*([1-9]\d*)/.exec(viewport ?? '') ?? [];
  const [, height] = /\bheight\s*=\s*([1-9]\d*)/.exec(viewport ?? '') ?? [];
  return width === undefined || height === undefined ? undefined : { width, height };
}
