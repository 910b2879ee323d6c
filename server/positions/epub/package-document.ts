import { parseAsCrengine } from '../crengine/crengine-parser.js';
import { BookError } from '../book-error.js';
import { attributeOf } from '../source/attributes.js';
import {
  ELEMENT,
  NO_NODE,
  childrenOf,
  findElement,
  isElement,
  nameOf,
  type SourceTree,
} from '../source/source-tree.js';
import { resolveReference } from './archive-path.js';

/** An `itemref` of the spine. */
export interface SpineItem {
  /** Position among the element children of `spine`, counted from 1: a CFI's step is twice that. */
  readonly position: number;
  readonly idref: string;
  /** The itemref's own id, which a CFI asserts. */
  readonly id: string | undefined;
  /** Path in the archive; undefined where the manifest has no such item. */
  readonly path: string | undefined;
  readonly mediaType: string | undefined;
  readonly isLinear: boolean;
  /** KOReader's DocFragment, counted from 1; undefined where it makes none. */
  readonly fragment: number | undefined;
  /** The number that books opened before 2024 have: only XHTML items were counted. */
  readonly formerFragment: number | undefined;
}

/** What the package document says about the order of reading. */
export interface PackageDocument {
  /** The CFI step of `spine` in `package`, 6 in most books. */
  readonly spineStep: number;
  readonly spineId: string | undefined;
  readonly spine: readonly SpineItem[];
  /** Number of DocFragments. */
  readonly fragmentCount: number;
  readonly navigationPath: string | undefined;
  readonly ncxPath: string | undefined;
}

/** A spine of more items is no book; a CFI's search and the table of contents go over all of them. */
const MAX_SPINE_ITEMS = 20_000;
const XHTML = 'application/xhtml+xml';
const NCX = 'application/x-dtbncx+xml';

interface ManifestItem {
  readonly path: string | undefined;
  readonly mediaType: string | undefined;
  readonly properties: readonly string[];
}

/**
 * Reads the package document as crengine does, so that its DocFragments are counted as crengine counts them.
 * @param path of the package document in the archive; references are relative to it.
 * @throws BookError `not-an-epub`, `no-spine`, `too-large`.
 */
export function readPackageDocument(source: string, path: string): PackageDocument {
  const { tree } = parseAsCrengine(source);
  const root = findElement(tree, 'package');
  if (root === NO_NODE) throw new BookError('not-an-epub', 'the package document has no package');
  const manifest = readManifest(tree, root, path);
  let elementPosition = 0;
  for (const child of childrenOf(tree, root)) {
    if (!isCounted(tree, child)) continue;
    elementPosition += 1;
    if (nameOf(tree, child) !== 'spine') continue;
    const spine = readSpine(tree, child, manifest);
    if (spine.length === 0) break;
    const tocId = attributeOf(tree, child, 'toc');
    return {
      spineStep: elementPosition * 2,
      spineId: attributeOf(tree, child, 'id'),
      spine,
      fragmentCount: spine.reduce((count, item) => Math.max(count, item.fragment ?? 0), 0),
      navigationPath: pathOf(manifest, (item) => item.properties.includes('nav')),
      ncxPath:
        (tocId === undefined ? undefined : manifest.get(tocId)?.path) ??
        pathOf(manifest, (item) => item.mediaType === NCX),
    };
  }
  throw new BookError('no-spine', 'the package document has no spine, or an empty one');
}

/** Path of the package document, as container.xml names it. */
export function readContainer(source: string): string | undefined {
  const { tree } = parseAsCrengine(source);
  const rootFile = findElement(tree, 'rootfile');
  return rootFile === NO_NODE ? undefined : attributeOf(tree, rootFile, 'full-path');
}

function readManifest(tree: SourceTree, root: number, packagePath: string): Map<string, ManifestItem> {
  const items = new Map<string, ManifestItem>();
  for (const child of childrenOf(tree, root)) {
    if (!isElement(tree, child) || nameOf(tree, child) !== 'manifest') continue;
    for (const item of childrenOf(tree, child)) {
      if (tree.kind[item] !== ELEMENT || nameOf(tree, item) !== 'item') continue;
      const id = attributeOf(tree, item, 'id');
      const href = attributeOf(tree, item, 'href');
      if (id === undefined || id === '' || href === undefined || href === '') continue;
      items.set(id, {
        path: resolveReference(packagePath, href)?.path,
        mediaType: attributeOf(tree, item, 'media-type'),
        properties: (attributeOf(tree, item, 'properties') ?? '').split(/\s+/),
      });
    }
  }
  return items;
}

function readSpine(tree: SourceTree, spine: number, manifest: Map<string, ManifestItem>): SpineItem[] {
  const items: SpineItem[] = [];
  let position = 0;
  let fragment = 0;
  let formerFragment = 0;
  for (const child of childrenOf(tree, spine)) {
    if (!isCounted(tree, child)) continue;
    position += 1;
    if (nameOf(tree, child) !== 'itemref') continue;
    if (items.length === MAX_SPINE_ITEMS) throw new BookError('too-large', 'the spine has too many items');
    const idref = attributeOf(tree, child, 'idref') ?? '';
    const item = manifest.get(idref);
    const isXhtml = item?.mediaType === XHTML;
    if (item !== undefined) fragment += 1;
    if (isXhtml) formerFragment += 1;
    items.push({
      position,
      idref,
      id: attributeOf(tree, child, 'id'),
      path: item?.path,
      mediaType: item?.mediaType,
      isLinear: attributeOf(tree, child, 'linear') !== 'no',
      fragment: item === undefined ? undefined : fragment,
      formerFragment: isXhtml ? formerFragment : undefined,
    });
  }
  return items;
}

/** crengine makes elements of processing instructions; a CFI does not count them. */
function isCounted(tree: SourceTree, node: number): boolean {
  return isElement(tree, node) && !nameOf(tree, node).startsWith('?');
}

function pathOf(
  manifest: Map<string, ManifestItem>,
  matches: (item: ManifestItem) => boolean,
): string | undefined {
  for (const item of manifest.values()) if (matches(item)) return item.path;
  return undefined;
}
