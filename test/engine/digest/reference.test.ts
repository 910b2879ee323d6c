import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine, partialMd5OfFile } from '../../../engine/index.js';
import { hashedFolder } from '../collected.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { referencePartialMd5 } from './reference-partial-md5.js';
import { writeSampleFile } from './sample-file.js';

const SIZES = 10_000;
const CHUNK = 500;
/** For this many files of each chunk, partialMd5OfFile is compared with the reference too. */
const SINGLE_FILES = 50;
const LARGEST = 5 * 2 ** 30;

describe('10,000 random sizes', async () => {
  const { path: folder } = await temporaryFolder();
  const engine = createEngine({ jobs: 2 });
  afterAll(() => engine.close());

  it('have the digests that the slow reference computes', async () => {
    const seed = Math.floor(Math.random() * 1e9);
    let compared = 0;
    for (let chunk = 0; chunk < SIZES; chunk += CHUNK) {
      const root = join(folder, String(chunk));
      mkdirSync(root);
      const expected = new Map<string, string>();
      for (let index = chunk; index < chunk + CHUNK; index += 1) {
        const sizeBytes = randomSize(index, seed);
        const name = `${index} ${sizeBytes}.epub`;
        const path = join(root, name);
        writeSampleFile(path, sizeBytes, index);
        expected.set(name, referencePartialMd5(path));
      }
      const found = await hashedFolder(engine, root);
      const digests = new Map([...found].map(([name, { partialMd5 }]) => [name, partialMd5]));
      expect(digests, `seed ${seed}`).toEqual(expected);
      compared += digests.size;
      // Not earlier, because a file that was just written is read twice, with a pause between.
      for (const [name, digest] of [...expected].slice(0, SINGLE_FILES)) {
        expect(`${name} ${partialMd5OfFile(join(root, name)).toString('hex')}`).toBe(`${name} ${digest}`);
      }
      rmSync(root, { recursive: true });
    }
    expect(compared).toBe(SIZES);
  });
});

/** Uniform in the logarithm of the size. A third of the sizes is within 3 bytes of the beginning or end of a window. */
function randomSize(index: number, seed: number): number {
  const uniform = fraction(Math.sin(index + seed) * 43_758.5453);
  const size = Math.floor(LARGEST ** uniform);
  if (index % 3 !== 0) return size;
  const window = 1024 * 4 ** Math.floor(uniform * 11);
  return window + (index % 2) * 1024 + (Math.floor(uniform * 1e6) % 7) - 3;
}

function fraction(value: number): number {
  return value - Math.floor(value);
}
