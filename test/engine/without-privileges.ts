import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, KOREADER_EXTENSIONS } from '../../engine/index.js';

const NOBODY = 65_534;

/**
 * Runs `act` in a new folder as the user nobody, because permissions do not restrict root. If the tests do not run as
 * root, it runs as the present user. The threads of the engine are started before the change of user, because nobody
 * may not be able to read the program. The folder is not inside the temporary folder of the test run, which only root
 * can read.
 */
export async function withoutPrivileges<T>(engine: Engine, act: (root: string) => Promise<T>): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), 'dogear-nobody-'));
  const { getuid, seteuid } = process;
  const isRoot = getuid?.() === 0;
  try {
    for await (const batch of engine.walk(root, { extensions: KOREADER_EXTENSIONS })) void batch;
    if (isRoot) {
      chownSync(root, NOBODY, NOBODY);
      seteuid?.(NOBODY);
    }
    return await act(root);
  } finally {
    if (isRoot) seteuid?.(0);
    execFileSync('bash', ['-c', 'chmod -R u+rwX "$1"; rm -rf "$1"', '-', root]);
  }
}
