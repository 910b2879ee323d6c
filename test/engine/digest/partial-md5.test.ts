import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, KOREADER_EXTENSIONS, partialMd5OfFile } from '../../../engine/index.js';
import { READS_HERE } from '../reads-here.js';
import { writeSampleFile } from './sample-file.js';
import { readVectors } from './vectors.js';

describe('the partial MD5', () => {
  const vectors = readVectors();
  let folder = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dogear-vectors-'));
    for (const { sizeBytes } of vectors) writeSampleFile(join(folder, `${sizeBytes}.epub`), sizeBytes);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('is tested with 114 vectors', () => {
    expect(vectors).toHaveLength(114);
  });

  it('equals KOReader’s for single files', () => {
    for (const { sizeBytes, digest } of vectors) {
      expect(`${sizeBytes} ${partialMd5OfFile(join(folder, `${sizeBytes}.epub`)).toString('hex')}`).toBe(
        `${sizeBytes} ${digest}`,
      );
    }
  });

  it.each(READS_HERE)('equals KOReader’s for a whole folder, with %s', async (reads) => {
    const engine = createEngine({ reads });
    const found = new Map<string, string>();
    const batches = engine.walk(folder, { extensions: KOREADER_EXTENSIONS });
    for await (const hashed of engine.hash(folder, batches)) {
      for (let index = 0; index < hashed.entries.length; index += 1) {
        const digest = Buffer.from(hashed.partialMd5.subarray(index * 16, index * 16 + 16)).toString('hex');
        found.set(hashed.entries.pathAt(index).toString(), digest);
      }
    }
    await engine.close();
    expect(found).toEqual(new Map(vectors.map(({ sizeBytes, digest }) => [`${sizeBytes}.epub`, digest])));
  });
});
