import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';

export interface TemporaryFolder {
  readonly path: string;
  /** Only for tests that leave many files: all of these folders are removed at the end of the run. */
  remove(): Promise<void>;
}

/** A new empty folder in the folder of this test run, which is removed when the run ends or is killed. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(inject('runFolder'), 'folder-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
