import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';

export interface TemporaryFolder {
  readonly path: string;
  /** Only needed where a test leaves much behind: everything is removed at the end of the run anyway. */
  remove(): Promise<void>;
}

/** A fresh empty folder inside the folder of this test run, which goes when the run ends, even when it is killed. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(inject('runFolder'), 'folder-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
