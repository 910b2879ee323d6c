import { parseAsCrengine } from '../crengine/crengine-parser.js';
import { attributeOf } from '../source/attributes.js';
import {
  childrenOf,
  findElement,
  isElement,
  nameOf,
  NO_NODE,
  type SourceTree,
} from '../source/source-tree.js';
import { Work } from '../work.js';
import { pathOfHref } from './archive-path.js';
import { readPackageSource, withinLimits } from './book.js';
import type { FileReader } from './file-reader.js';
import { readZipContent } from './zip-content.js';

/**
 * The file that an EPUB names as its cover: the item with the property `cover-image` (EPUB 3), or that of the meta element
 * `cover` (EPUB 2), by its id or, as some tools write it, by its path.
 *
 * @param limitBytes larger files are refused
 * @returns its bytes, whatever they are; `undefined`: the book names none, or it is not there
 * @throws BookError with any of its codes; WorkLimitError
 */
export async function readEpubCover(file: FileReader, limitBytes: number): Promise<Buffer | undefined> {
  const work = new Work();
  const { directory, packagePath, source } = await readPackageSource(file, work);
  const href = withinLimits(() => coverHref(parseAsCrengine(source, work).tree));
  const path = href === undefined ? undefined : pathOfHref(packagePath, href, work);
  const entry = path === undefined ? undefined : directory.get(path);
  return entry === undefined ? undefined : readZipContent(file, entry, limitBytes);
}

function coverHref(tree: SourceTree): string | undefined {
  const root = findElement(tree, 'package');
  if (root === NO_NODE) return undefined;
  let ofEpub3: string | undefined;
  let named: string | undefined;
  const hrefs = new Map<string, string>();
  for (const section of childrenOf(tree, root)) {
    if (!isElement(tree, section)) continue;
    for (const node of childrenOf(tree, section)) {
      if (!isElement(tree, node)) continue;
      const kind = nameOf(tree, node);
      if (kind === 'meta' && attributeOf(tree, node, 'name') === 'cover') {
        named ??= attributeOf(tree, node, 'content');
      } else if (kind === 'item') {
        const href = attributeOf(tree, node, 'href');
        if (href === undefined) continue;
        const id = attributeOf(tree, node, 'id');
        if (id !== undefined && !hrefs.has(id)) hrefs.set(id, href);
        const properties = attributeOf(tree, node, 'properties')?.split(/\s+/) ?? [];
        if (properties.includes('cover-image')) ofEpub3 ??= href;
      }
    }
  }
  return ofEpub3 ?? (named === undefined ? undefined : (hrefs.get(named) ?? named));
}
