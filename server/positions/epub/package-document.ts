import { parseAsCrengine } from '../crengine/crengine-parser.js';
import { BookError } from '../book-error.js';
import { attributeOf, crengineAttributeOf } from '../source/attributes.js';
import {
  ELEMENT,
  NO_NODE,
  childrenOf,
  findElement,
  isElement,
  nameOf,
  type SourceTree,
} from '../source/source-tree.js';
import type { Work } from '../work.js';
import { decodePercent, pathOfHref } from './archive-path.js';

/** An `itemref` of the spine. */
export interface SpineItem {
  /** Position among the element children of `spine`, counted from 1. The step of a CFI is twice this number. */
  readonly position: number;
  readonly idref: string;
  /** The id of the itemref itself, which a CFI asserts. */
  readonly id: string | undefined;
  /** Path in the archive. Undefined if the manifest has no such item. */
  readonly path: string | undefined;
  readonly mediaType: string | undefined;
  /** The path as crengine shows it in an error (RULES.md R36). Undefined if it may be another one than `path`. */
  readonly shownPath: string | undefined;
  readonly isLinear: boolean;
  /** Its number among the items that KOReader has, counted from 1 (RULES.md R11). Undefined if it has not this one. */
  readonly number: number | undefined;
  /** The number of its first DocFragment, counted from 1 (RULES.md R10). Undefined if KOReader has none for it. */
  readonly fragment: number | undefined;
  /** How many DocFragments it has: one for each body, or for an error (RULES.md R34, R36). */
  readonly fragmentCount: number;
  /** Its number in books that were opened before 2024: only XHTML items were counted (RULES.md R10). */
  readonly formerFragment: number | undefined;
}

/** The parts of a package document that tell the order of reading. */
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

/** No book has more. All items are searched for a CFI, and for the table of contents. */
const MAX_SPINE_ITEMS = 20_000;
const XHTML = 'application/xhtml+xml';
const NCX = 'application/x-dtbncx+xml';

interface ManifestItem {
  readonly path: string | undefined;
  readonly shownPath: string | undefined;
  readonly mediaType: string | undefined;
  readonly properties: readonly string[];
}

/**
 * Reads the package document as crengine reads it, so that the DocFragments get the same numbers (RULES.md R10).
 * @param path of the package document in the archive; references are relative to it.
 * @param bodyCountOf how many bodies the file at a path has.
 * @throws BookError `not-an-epub`, `no-spine`, `too-large`.
 */
export function readPackageDocument(
  source: string,
  path: string,
  work: Work,
  bodyCountOf: (path: string) => number,
): PackageDocument {
  const { tree } = parseAsCrengine(source, work);
  const root = findElement(tree, 'package');
  if (root === NO_NODE) throw new BookError('not-an-epub', 'the package document has no package');
  const manifest = readManifest(tree, root, path);
  let elementPosition = 0;
  for (const child of childrenOf(tree, root)) {
    if (!isCounted(tree, child)) continue;
    elementPosition += 1;
    if (nameOf(tree, child) !== 'spine') continue;
    const spine = readSpine(tree, child, manifest, bodyCountOf);
    if (spine.length === 0) break;
    const tocId = crengineAttributeOf(tree, child, 'toc');
    return {
      spineStep: elementPosition * 2,
      spineId: attributeOf(tree, child, 'id'),
      spine,
      fragmentCount: spine.reduce((count, item) => count + item.fragmentCount, 0),
      navigationPath: pathOf(manifest, (item) => item.properties.includes('nav')),
      ncxPath:
        (tocId === undefined ? undefined : manifest.get(tocId)?.path) ??
        pathOf(manifest, (item) => item.mediaType === NCX),
    };
  }
  throw new BookError('no-spine', 'the package document has no spine, or an empty one');
}

/** The path of the package document that container.xml names. */
export function readContainer(source: string, work: Work): string | undefined {
  const { tree } = parseAsCrengine(source, work);
  const rootFile = findElement(tree, 'rootfile');
  return rootFile === NO_NODE ? undefined : attributeOf(tree, rootFile, 'full-path');
}

function readManifest(tree: SourceTree, root: number, packagePath: string): Map<string, ManifestItem> {
  const items = new Map<string, ManifestItem>();
  const folder = packagePath.slice(0, packagePath.lastIndexOf('/') + 1);
  for (const child of childrenOf(tree, root)) {
    if (!isElement(tree, child) || nameOf(tree, child) !== 'manifest') continue;
    for (const item of childrenOf(tree, child)) {
      if (tree.kind[item] !== ELEMENT || nameOf(tree, item) !== 'item') continue;
      const id = crengineAttributeOf(tree, item, 'id');
      const href = crengineAttributeOf(tree, item, 'href');
      if (id === undefined || id === '' || href === undefined || href === '') continue;
      // Of two items with the same id the first one counts (RULES.md R10).
      if (items.has(id)) continue;
      const path = pathOfHref(packagePath, href, tree.work);
      items.set(id, {
        path,
        // crengine does not leave out `.` and empty parts everywhere.
        shownPath: path === `${folder}${decodePercent(href)}` ? path : undefined,
        mediaType: crengineAttributeOf(tree, item, 'media-type'),
        properties: (attributeOf(tree, item, 'properties') ?? '').split(/\s+/),
      });
    }
  }
  return items;
}

function readSpine(
  tree: SourceTree,
  spine: number,
  manifest: Map<string, ManifestItem>,
  bodyCountOf: (path: string) => number,
): SpineItem[] {
  const items: SpineItem[] = [];
  let position = 0;
  let number = 0;
  let fragment = 1;
  let formerFragment = 1;
  for (const child of childrenOf(tree, spine)) {
    if (!isCounted(tree, child)) continue;
    position += 1;
    if (nameOf(tree, child) !== 'itemref') continue;
    if (items.length === MAX_SPINE_ITEMS) throw new BookError('too-large', 'the spine has too many items');
    const idref = crengineAttributeOf(tree, child, 'idref') ?? '';
    const item = manifest.get(idref);
    const isXhtml = item?.mediaType === XHTML;
    const fragmentCount =
      item === undefined ? 0 : item.path === undefined ? 1 : Math.max(1, bodyCountOf(item.path));
    if (item !== undefined) number += 1;
    items.push({
      position,
      idref,
      id: attributeOf(tree, child, 'id'),
      path: item?.path,
      mediaType: item?.mediaType,
      shownPath: item?.shownPath,
      isLinear: crengineAttributeOf(tree, child, 'linear') !== 'no',
      number: item === undefined ? undefined : number,
      fragment: item === undefined ? undefined : fragment,
      fragmentCount,
      formerFragment: isXhtml ? formerFragment : undefined,
    });
    fragment += fragmentCount;
    if (isXhtml) formerFragment += fragmentCount;
  }
  return items;
}

/** True for elements that a CFI counts. Processing instructions are elements in crengine's tree (RULES.md R18). */
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
