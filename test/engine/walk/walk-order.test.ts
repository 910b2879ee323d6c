import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../../engine/index.js';
import { createEngineWith } from '../../../engine/pool/engine.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { walked } from '../collected.js';
import { READS_HERE } from '../reads-here.js';

/** The entries of a folder by name (latin1). Undefined stands for a file. */
interface Tree {
  readonly [name: string]: Tree | undefined;
}

// Bytes that sort before and after the slash, and bytes that are not valid UTF-8.
const NAME_BYTES = [' ', '!', '-', '.', '0', 'A', 'a', 'b', '\n', '\x80', '\xc3', '\xff'];
const baseName = fc
  .array(fc.constantFrom(...NAME_BYTES), { minLength: 1, maxLength: 4 })
  .map((bytes) => bytes.join(''))
  .filter((name) => !/^\.+$/.test(name) && !name.startsWith('._'));
const bookName = baseName.map((name) => `${name}.pdf`).filter((name) => !name.startsWith('.'));

const book: Tree[string] = undefined;

function treeOfDepth(depth: number): fc.Arbitrary<Tree> {
  const books = fc.dictionary(bookName, fc.constant(book), { maxKeys: 5 });
  if (depth === 0) return books;
  // A folder may have the name of a book, or begin like one. If a book has the same name, the folder replaces it.
  const folders = fc.dictionary(fc.oneof(baseName, bookName), treeOfDepth(depth - 1), { maxKeys: 4 });
  return fc.tuple(books, folders).map(([files, below]) => ({ ...files, ...below }));
}

const tree = treeOfDepth(4);

function makeTree(folder: string, content: Tree): string[] {
  const files: string[] = [];
  for (const [name, below] of Object.entries(content)) {
    const path = Buffer.from(`${folder}/${name}`, 'latin1');
    if (below === undefined) {
      closeSync(openSync(path, 'w'));
      files.push(name);
    } else {
      mkdirSync(path);
      files.push(...makeTree(`${folder}/${name}`, below).map((file) => `${name}/${file}`));
    }
  }
  return files;
}

function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one, 'latin1'), Buffer.from(other, 'latin1'));
}

describe('the order of a walk', async () => {
  const { path: folder } = await temporaryFolder();
  const engines: Engine[] = [];
  let trees = 0;
  afterAll(async () => {
    for (const engine of engines) await engine.close();
  });

  async function expectByteOrder(engine: Engine, runs: number): Promise<void> {
    engines.push(engine);
    await fc.assert(
      fc.asyncProperty(tree, async (content) => {
        trees += 1;
        const root = join(folder, String(trees));
        mkdirSync(root);
        const expected = makeTree(root, content).toSorted(byBytes);
        expect((await walked(engine, root)).map(({ path }) => path)).toEqual(expected);
      }),
      { numRuns: runs },
    );
  }

  it('is the byte order of the paths', async () => {
    await expectByteOrder(createEngine({ jobs: 1 }), 100);
  });

  it('is the same when many threads each visit a small part of the tree', async () => {
    const smallSteps = new URL('small-steps-worker.js', import.meta.url);
    await expectByteOrder(createEngineWith({ jobs: 4 }, smallSteps), 200);
  });

  it.runIf(READS_HERE.includes('io-uring'))('is the same when folders are visited in waves', async () => {
    const waves = new URL('waves-worker.js', import.meta.url);
    await expectByteOrder(createEngineWith({ jobs: 4 }, waves), 100);
  });
});
