import { z } from 'zod';
import { readTestData } from './test-data.js';
import { makeZip } from './zip.js';

/** A place in a book as crengine gives it. */
export interface CrenginePlace {
  readonly xpointer: string;
  /** The text after it. For `elements` without white space, else as it is up to the end of its node. */
  readonly text: string;
  /** The part of `text` that is in the node of the place. */
  readonly ownText: string;
}

/** An EPUB with places in it as crengine gives them. */
export interface CrengineBook {
  readonly name: string;
  readonly kind: string;
  readonly epub: Buffer;
  readonly texts: readonly CrenginePlace[];
  /** In texts that are not shown: KOReader never sends them. */
  readonly hiddenTexts: readonly CrenginePlace[];
  /** Points on elements. */
  readonly elements: readonly CrenginePlace[];
  /** X-pointers to one past the end of a text, which do not resolve in crengine. */
  readonly pastTheEnd: readonly string[];
}

/** The content of each file by its path. */
const Files = z.record(z.string(), z.union([z.string(), z.object({ base64: z.string() })]));
type Files = z.infer<typeof Files>;
const Text = z.tuple([z.string(), z.string(), z.number()]);
const Data = z.object({
  container: z.string(),
  package: z.string(),
  books: z.array(
    z.object({
      book: z.string(),
      kind: z.string(),
      files: Files,
      texts: z.array(Text),
      hiddenTexts: z.array(Text).default([]),
      elements: z.array(z.tuple([z.string(), z.string()])).default([]),
      pastTheEnd: z.array(z.string()).default([]),
    }),
  ),
});

/** The books of test/data/crengine-books.json. */
export function crengineBooks(): readonly CrengineBook[] {
  const data = Data.parse(readTestData('crengine-books.json'));
  const common: Files = { 'META-INF/container.xml': data.container, 'OPS/p.opf': data.package };
  return data.books.map(({ book, kind, files, texts, hiddenTexts, elements, pastTheEnd }) => ({
    name: book,
    kind,
    epub: epubOf({ ...common, ...files }),
    texts: texts.map(placeInText),
    hiddenTexts: hiddenTexts.map(placeInText),
    elements: elements.map(([path, text]) => ({ xpointer: xpointerOf(path), text, ownText: '' })),
    pastTheEnd: pastTheEnd.map(xpointerOf),
  }));
}

function epubOf(files: Files): Buffer {
  return makeZip(
    Object.entries(files).map(([name, content]) => ({
      name,
      content: typeof content === 'string' ? content : Buffer.from(content.base64, 'base64'),
    })),
  );
}

function xpointerOf(path: string): string {
  return `/body[1]/DocFragment${path}`;
}

function placeInText([path, text, nodeLength]: z.infer<typeof Text>): CrenginePlace {
  const point = Number(/\d+$/.exec(path)?.[0]);
  const ownText = Array.from(text)
    .slice(0, nodeLength - point)
    .join('');
  return { xpointer: xpointerOf(path), text, ownText };
}
