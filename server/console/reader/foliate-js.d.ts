// What the reader uses of foliate-js, which has no types of its own.

declare module 'foliate-js/epub.js' {
  export interface Section {
    readonly id: string;
    readonly size: number;
    readonly cfi: string;
    /** `no`: a turn does not lead there. */
    linear?: string;
    /** The address of the chapter, with the addresses of what it shows in it. */
    load: () => Promise<string | null>;
    unload(): void;
    resolveHref(href: string): string;
  }

  export interface ContentsItem {
    readonly label: string;
    readonly href: string | null;
    readonly subitems: readonly ContentsItem[] | null;
  }

  export interface LoadedData {
    data: string | Blob | Promise<string | Blob>;
    readonly type: string;
    readonly name: string;
  }

  export class EPUB {
    constructor(archive: {
      readonly loadText: (name: string) => Promise<string | null>;
      readonly loadBlob: (name: string) => Promise<Blob | null>;
      readonly getSize: (name: string) => number;
      readonly sha1: (text: string) => Promise<Uint8Array>;
    });
    init(): Promise<this>;
    readonly sections: readonly Section[];
    readonly toc?: readonly ContentsItem[] | null;
    readonly dir: string | null;
    readonly rendition?: { readonly layout?: string; readonly viewport?: string; spread?: string };
    readonly transformTarget: {
      addEventListener(type: 'data', listener: (event: CustomEvent<LoadedData>) => void): void;
    };
    readonly resources: {
      readonly cfis: readonly string[];
      readonly manifest: readonly { readonly href: string; mediaType: string }[];
    };
    splitTOCHref(href: string | null): readonly string[];
    getTOCFragment(document: Document, id: string): Element | null;
    resolveHref(href: string): { readonly index: number; readonly anchor: Anchor } | null;
    isExternal(href: string): boolean;
    destroy(): void;
  }

  export type Anchor = (document: Document) => Range | Element | number | null;
}

declare module 'foliate-js/epubcfi.js' {
  export interface CfiStep {
    readonly index: number;
    readonly offset?: number;
  }
  export type CfiPath = CfiStep[];
  type NodeFilterFunction = (node: Node) => number;

  export function parse(cfi: string): CfiPath[] & { parent?: CfiPath[] };
  export function collapse(cfi: CfiPath[]): CfiPath[];
  export function joinIndir(...cfis: readonly string[]): string;
  export function fromRange(range: Range, filter?: NodeFilterFunction): string;
  export function toRange(document: Document, path: CfiPath[], filter?: NodeFilterFunction): Range;
}

declare module 'foliate-js/progress.js' {
  import type { ContentsItem, Section } from 'foliate-js/epub.js';

  export class SectionProgress {
    constructor(sections: readonly Section[], sizePerLocation: number, sizePerMinute: number);
    getProgress(index: number, fraction: number): { readonly fraction: number };
    getSection(fraction: number): readonly [index: number, fraction: number];
  }

  export class TOCProgress {
    init(book: {
      readonly toc: readonly ContentsItem[];
      readonly ids: readonly string[];
      readonly splitHref: (href: string | null) => readonly string[];
      readonly getFragment: (document: Document, id: string) => Element | null;
    }): Promise<void>;
    getProgress(index: number, range?: Range): ContentsItem | null | undefined;
  }
}

declare module 'foliate-js/paginator.js' {
  import type { Anchor, EPUB } from 'foliate-js/epub.js';

  export interface Relocation {
    /** `anchor`: the window or the letters have another size, and the page shows the same place as before. */
    readonly reason: string | null;
    /** What the page shows. `null`: the page is a chapter of its own. */
    readonly range: Range | null;
    readonly index: number;
    /** Of the chapter, 0 to 1. */
    readonly fraction: number;
  }

  /** What both kinds of pages have. */
  export interface PagesMembers {
    open(book: EPUB): void;
    goTo(target: { readonly index: number; readonly anchor?: Anchor }): Promise<void>;
    next(): Promise<void>;
    prev(): Promise<void>;
    destroy(): void;
    addEventListener(type: 'load', listener: (event: CustomEvent<{ readonly doc: Document }>) => void): void;
    addEventListener(type: 'relocate', listener: (event: CustomEvent<Relocation>) => void): void;
  }

  interface PaginatorMembers extends PagesMembers {
    /** Whether a chapter is one long page. */
    readonly scrolled: boolean;
    /** How far it is scrolled, and how long it is, in pixels. */
    readonly start: number;
    readonly viewSize: number;
    setStyles(styles: readonly [before: string, after: string]): void;
    render(): void;
  }

  export type Paginator = PaginatorMembers & HTMLElement;
  export const Paginator: new () => Paginator;
}

declare module 'foliate-js/fixed-layout.js' {
  import type { PagesMembers } from 'foliate-js/paginator.js';

  /** In pixels, as pages say it. */
  export interface PageSize {
    readonly width: string;
    readonly height: string;
  }

  interface FixedLayoutMembers extends PagesMembers {
    /** Of pages that say none. */
    defaultViewport: PageSize | undefined;
  }

  /** Whose pages have a size of their own. */
  export const FixedLayout: new () => FixedLayoutMembers & HTMLElement;
}
