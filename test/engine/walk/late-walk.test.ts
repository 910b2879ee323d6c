import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createEngineWith } from '../../../engine/pool/engine.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { READS_HERE } from '../reads-here.js';

const FILES = 200;

it.skipIf(!READS_HERE.includes('io-uring'))(
  'a walk of slow storage gathers files for a thread that reads many at once',
  async () => {
    const { path: folder } = await temporaryFolder();
    for (let file = 0; file < FILES; file += 1) writeFileSync(join(folder, `${file}.epub`), 'a book');
    const worker = new URL('late-steps-worker.js', import.meta.url);
    const engine = createEngineWith({ jobs: 1, reads: 'io-uring' }, worker);
    const lengths: number[] = [];
    for await (const { length } of engine.walk(folder, { extensions: new Set(['epub']) }))
      lengths.push(length);
    await engine.close();
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(FILES);
    // A step of the walk finds 16 files. Handed out after 50 ms, each of the 13 steps would be a batch of its own.
    expect(lengths.length).toBeLessThan(9);
  },
);
