import { execFile } from 'node:child_process';
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.js';

const MEBIBYTE = 2 ** 20;
/** ext4 allows 65,000 links to a file. */
const LINKS_PER_FILE = 20_000;

/** Makes a large library quickly: its files are hard links. */
function makeLibrary(root: string, files: number, filesAFolder: number): void {
  let source = '';
  for (let file = 0; file < files; file += 1) {
    const folder = join(root, `${Math.floor(file / filesAFolder)} of the folders`);
    if (file % filesAFolder === 0) mkdirSync(folder, { recursive: true });
    if (file % LINKS_PER_FILE === 0) {
      source = join(root, `source ${file}`);
      writeFileSync(source, 'a small book');
    }
    linkSync(source, join(folder, `${file} is the number of this book of ours.epub`));
  }
}

interface Probe {
  readonly files: number;
  readonly peakBytes: number;
}

async function probe(root: string): Promise<Probe> {
  const program = fileURLToPath(new URL('memory-probe.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--max-old-space-size=64', program, root]);
  const result: Probe = JSON.parse(stdout);
  return result;
}

describe('the memory that hashing takes', () => {
  it('does not grow with the library', { timeout: 180_000 }, async () => {
    const small = await temporaryFolder();
    const large = await temporaryFolder();
    makeLibrary(small.path, 10_000, 20);
    makeLibrary(large.path, 100_000, 20);
    const few = await probe(small.path);
    const many = await probe(large.path);
    expect([few.files, many.files]).toEqual([10_000, 100_000]);
    expect(many.peakBytes).toBeLessThan(few.peakBytes + 40 * MEBIBYTE);
    expect(many.peakBytes).toBeLessThan(220 * MEBIBYTE);
    await large.remove();
  });

  it('grows only by the names of the folder if a folder is large', { timeout: 180_000 }, async () => {
    const large = await temporaryFolder();
    makeLibrary(large.path, 100_000, 100_000);
    const { files, peakBytes } = await probe(large.path);
    expect(files).toBe(100_000);
    expect(peakBytes).toBeLessThan(260 * MEBIBYTE);
    await large.remove();
  });
});
