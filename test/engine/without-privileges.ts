import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, KOREADER_EXTENSIONS } from '../../engine/index.js';

const NOBODY = 65_534;

/**
 * Runs something in a fresh folder as a user who is not root, so that permissions mean something; where the tests do
 * not run as root, as whoever runs them. The engine's threads are started before: the user may not be able to read
 * the program. The folder is not in that of the test run, which is root's alone.
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
