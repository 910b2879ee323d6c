import { createHash } from 'node:crypto';
import { BookError } from '../book-error.js';
import { parseAsCrengine } from '../crengine/crengine-parser.js';
import { attributeOf, localAttributeOf } from '../source/attributes.js';
import {
  childrenOf,
  findElement,
  isElement,
  nameOf,
  NO_NODE,
  type SourceTree,
} from '../source/source-tree.js';
import { textContentOf } from '../source/text-content.js';
import { Work, WorkLimitError } from '../work.js';
import { MAX_PATH_LENGTH } from './archive-path.js';
import { readPackageSource, withinLimits } from './book.js';
import { type BookFileState, withFile } from './file-reader.js';

/** What an EPUB says of itself. Texts have no line breaks and no control characters. */
export interface EpubMetadata {
  /** The one that the package names as its own, or else the first. */
  readonly identifier: string | undefined;
  readonly title: string | undefined;
  /** As they are written, in their order; those with another role than `aut` only where there are no others. */
  readonly authors: readonly string[];
  readonly series: string | undefined;
  readonly seriesIndex: number | undefined;
  readonly language: string | undefined;
  /** 16 bytes; see {@link structureMd5}. `undefined`: the book has no identifier or no spine. */
  readonly structureMd5: Buffer | undefined;
}

/** In UTF-16 units. Longer texts are cut. Real ones are shorter; the columns of the database have these widths. */
const TITLE_CHARACTERS = 500;
const NAME_CHARACTERS = 255;
const LANGUAGE_CHARACTERS = 35;
/** An anthology lists some dozens of authors. */
const MOST_AUTHORS = 20;
const AUTHOR_CHARACTERS = 80;
/** Elements of the metadata that are looked at. Calibre writes some dozens. */
const MOST_ELEMENTS = 2000;
/** The spine of the longest book. */
const MOST_HREFS = 20_000;

/**
 * Reads the metadata of an EPUB: the directory of the archive, container.xml and the package document, no chapter. All
 * bounds of the translation of positions hold. Reading is synchronous.
 *
 * @param state the state of the file that is wanted
 * @throws BookError with any of its codes
 */
export async function readEpubMetadata(path: Buffer, state: BookFileState): Promise<EpubMetadata> {
  return await withFile(path, state, async (file) => {
    const work = new Work();
    try {
      const { source } = await readPackageSource(file, work);
      return withinLimits(() => metadataOf(parseAsCrengine(source, work).tree));
    } catch (error) {
      if (!(error instanceof WorkLimitError)) throw error;
      throw new BookError('too-complex', 'the book takes too much work', { cause: error });
    }
  });
}

interface Element {
  readonly node: number;
  readonly name: string;
  readonly id: string | undefined;
}

function metadataOf(tree: SourceTree): EpubMetadata {
  const root = findElement(tree, 'package');
  if (root === NO_NODE) throw new BookError('not-an-epub', 'the package document has no package');
  const elements = metadataElements(tree, root);
  const named = (name: string) => elements.filter((element) => element.name === name);
  const refinements = refinementsOf(tree, named('meta'));
  const refined = (element: Element, property: string): string | undefined =>
    element.id === undefined ? undefined : refinements.get(`${element.id} ${property}`);
  const textOf = ({ node }: Element, characters: number) => cleanTextAt(tree, node, characters);

  const titles = named('title');
  const title = titles.find((element) => refined(element, 'title-type') === 'main') ?? titles[0];
  const ownId = attributeOf(tree, root, 'unique-identifier');
  const identifiers = named('identifier');
  const own = identifiers.find(({ id }) => id !== undefined && id === ownId) ?? identifiers[0];
  const creators = named('creator');
  const roleOf = (element: Element) =>
    localAttributeOf(tree, element.node, 'role') ?? refined(element, 'role') ?? 'aut';
  const writers = creators.filter((element) => roleOf(element) === 'aut');
  const authors = (writers.length === 0 ? creators : writers)
    .slice(0, MOST_AUTHORS)
    .flatMap((element) => textOf(element, AUTHOR_CHARACTERS) ?? []);
  const identifier = own === undefined ? undefined : textOf(own, NAME_CHARACTERS);
  const language = named('language')[0];
  return {
    identifier,
    title: title === undefined ? undefined : textOf(title, TITLE_CHARACTERS),
    authors,
    ...seriesOf(tree, named('meta'), refined),
    language: language === undefined ? undefined : textOf(language, LANGUAGE_CHARACTERS),
    structureMd5: structureMd5(identifier, spineHrefs(tree, root)),
  };
}

/** The elements in `metadata`, also those in the `dc-metadata` and `x-metadata` of the format before EPUB. */
function metadataElements(tree: SourceTree, root: number): readonly Element[] {
  const elements: Element[] = [];
  const add = (parent: number): void => {
    for (const node of childrenOf(tree, parent)) {
      if (!isElement(tree, node) || elements.length >= MOST_ELEMENTS) continue;
      const name = nameOf(tree, node);
      if (name === 'dc-metadata' || name === 'x-metadata') {
        for (const inner of childrenOf(tree, node)) {
          if (isElement(tree, inner) && elements.length < MOST_ELEMENTS)
            elements.push(toElement(tree, inner));
        }
      } else elements.push(toElement(tree, node));
    }
  };
  for (const node of childrenOf(tree, root)) {
    if (isElement(tree, node) && nameOf(tree, node) === 'metadata') add(node);
  }
  return elements;
}

function toElement(tree: SourceTree, node: number): Element {
  return { node, name: nameOf(tree, node), id: attributeOf(tree, node, 'id') };
}

/** `<meta refines="#id" property="…">text</meta>` by id and property. */
function refinementsOf(tree: SourceTree, metas: readonly Element[]): ReadonlyMap<string, string> {
  const refinements = new Map<string, string>();
  for (const { node } of metas) {
    const refines = attributeOf(tree, node, 'refines');
    const property = attributeOf(tree, node, 'property');
    if (refines?.startsWith('#') !== true || property === undefined) continue;
    const text = cleanTextAt(tree, node, NAME_CHARACTERS);
    if (text !== undefined) refinements.set(`${refines.slice(1)} ${property}`, text);
  }
  return refinements;
}

/** Of EPUB 3 (`belongs-to-collection`), or else as Calibre writes it into EPUB 2. */
function seriesOf(
  tree: SourceTree,
  metas: readonly Element[],
  refined: (element: Element, property: string) => string | undefined,
): Pick<EpubMetadata, 'series' | 'seriesIndex'> {
  const collections = metas.filter(
    ({ node }) => attributeOf(tree, node, 'property') === 'belongs-to-collection',
  );
  const collection =
    collections.find((element) => refined(element, 'collection-type') === 'series') ??
    collections.find((element) => refined(element, 'collection-type') === undefined);
  if (collection !== undefined) {
    const series = cleanTextAt(tree, collection.node, NAME_CHARACTERS);
    if (series !== undefined)
      return { series, seriesIndex: seriesNumber(refined(collection, 'group-position')) };
  }
  const contentOf = (wanted: string): string | undefined => {
    const meta = metas.find(({ node }) => attributeOf(tree, node, 'name') === wanted);
    return meta === undefined ? undefined : attributeOf(tree, meta.node, 'content');
  };
  const series = cleanText(contentOf('calibre:series') ?? '', NAME_CHARACTERS);
  return series === undefined
    ? { series: undefined, seriesIndex: undefined }
    : { series, seriesIndex: seriesNumber(contentOf('calibre:series_index')) };
}

function seriesNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}(?:\.\d{1,9})?$/.test(text) ? Number(text) : undefined;
}

function cleanTextAt(tree: SourceTree, node: number, characters: number): string | undefined {
  return cleanText(textContentOf(tree, node, characters), characters);
}

function cleanText(text: string, characters: number): string | undefined {
  // Half of a surrogate pair becomes a replacement character.
  const clean = Buffer.from(text.slice(0, characters))
    .toString()
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return clean === '' ? undefined : clean;
}

/**
 * The references of the spine in its order, as the manifest writes them. Longer ones than any path of an archive are left
 * out: a spine may name one of a megabyte twenty thousand times.
 */
function spineHrefs(tree: SourceTree, root: number): readonly string[] {
  const hrefs = new Map<string, string>();
  const order: string[] = [];
  for (const section of childrenOf(tree, root)) {
    if (!isElement(tree, section)) continue;
    const name = nameOf(tree, section);
    if (name !== 'manifest' && name !== 'spine') continue;
    for (const node of childrenOf(tree, section)) {
      if (!isElement(tree, node)) continue;
      if (nameOf(tree, node) === 'item') {
        const id = attributeOf(tree, node, 'id');
        const href = attributeOf(tree, node, 'href');
        if (id === undefined || href === undefined || href.length > MAX_PATH_LENGTH) continue;
        if (!hrefs.has(id)) hrefs.set(id, href);
      } else if (nameOf(tree, node) === 'itemref' && order.length < MOST_HREFS) {
        order.push(attributeOf(tree, node, 'idref') ?? '');
      }
    }
  }
  return order.flatMap((id) => hrefs.get(id) ?? []);
}

/** The MD5 over the identifier and the references of the spine, each on a line. */
function structureMd5(identifier: string | undefined, hrefs: readonly string[]): Buffer | undefined {
  if (identifier === undefined || hrefs.length === 0) return undefined;
  return createHash('md5')
    .update([identifier, ...hrefs].join('\n'))
    .digest();
}
