import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder of the test file's own, removed after its last test (by rm, which also gets at paths of any length). */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `dogear-${name}-`));
  afterAll(() => {
    execFileSync('rm', ['-rf', folder]);
  });
  return folder;
}
