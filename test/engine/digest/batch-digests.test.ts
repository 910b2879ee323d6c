import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestFiles } from '../../../engine/digest/batch-digests.js';
import { createMd5Kernel } from '../../../engine/digest/md5-kernel-choice.js';
import { createSampleReader } from '../../../engine/digest/sample-reader-choice.js';
import { EntryBatchBuilder, filenameMd5 } from '../../../engine/index.js';
import { READS_HERE } from '../reads-here.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const FILES = 250;

const KINDS = READS_HERE.flatMap((reads) => [
  ['wasm-simd' as const, reads] as const,
  ['node-crypto' as const, reads] as const,
]);

describe.each(KINDS)('a batch of files, with %s and %s', async (md5, reads) => {
  const { path: folder } = await temporaryFolder();
  const kernel = createMd5Kernel(md5);
  const { reader } = createSampleReader(reads, kernel.slots);
  const root = Buffer.from(`${folder}/`);
  const builder = new EntryBatchBuilder();
  for (let file = 0; file < FILES; file += 1) {
    writeFileSync(join(folder, `${file}.epub`), `book ${file}`.repeat(file));
    builder.addFile(`${file}.epub`, `book ${file}`.length * file, 0n);
  }
  const batch = builder.take();

  function hexAt(digests: Uint8Array, index: number): string {
    return Buffer.from(digests.subarray(index * 16, index * 16 + 16)).toString('hex');
  }

  it('is hashed in groups of as many files as the kernel has slots', () => {
    expect(kernel.slots).toBeLessThan(FILES);
    const {
      partialMd5,
      filenameMd5: named,
      failures,
      changed,
    } = digestFiles(kernel, reader, root, batch, () => false);
    expect(failures.size).toBe(0);
    // The times in the batch are wrong, so each file counts as changed and is hashed in its present state.
    expect(changed.size).toBe(FILES);
    for (let file = 0; file < FILES; file += 1) {
      const whole = Buffer.from(`book ${file}`.repeat(file));
      expect(hexAt(partialMd5, file)).toBe(createHash('md5').update(whole.subarray(0, 2048)).digest('hex'));
      expect(hexAt(named, file)).toBe(filenameMd5(`${file}.epub`).toString('hex'));
    }
  });

  it('is left unfinished when it is cancelled', () => {
    let asked = 0;
    // Every file counts as changed, so a ring asks before the group, and again before each file that it reads once
    // more.
    const firstGroup = reads === 'io-uring' ? 1 + kernel.slots : kernel.slots;
    const { partialMd5 } = digestFiles(kernel, reader, root, batch, () => {
      asked += 1;
      return asked > firstGroup;
    });
    expect(asked).toBe(firstGroup + 1);
    expect(hexAt(partialMd5, kernel.slots - 1)).not.toBe('0'.repeat(32));
    expect(hexAt(partialMd5, kernel.slots)).toBe('0'.repeat(32));
  });
});
