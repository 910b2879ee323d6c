import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Checkout, THIS_CHECKOUT } from '../checkout.js';
import { runChild } from '../child-process.js';
import { git } from '../record/revision.js';

/** A built revision in a git worktree of its own. It is removed by `remove`, or when this process exits. */
export interface RevisionCheckout extends Checkout {
  remove(): void;
}

/** @throws Error that names a revision which this repository does not have */
export function commitOf(revision: string): string {
  try {
    return git(THIS_CHECKOUT.root, 'rev-parse', '--verify', '--quiet', `${revision}^{commit}`).trim();
  } catch (error) {
    throw new Error(`there is no revision "${revision}" in this repository`, { cause: error });
  }
}

/**
 * Checks a revision out into `folder`, which must not exist, and builds it. It shares the packages of this checkout when
 * both have the same lock file; otherwise its own are installed.
 */
export async function checkOutRevision(revision: string, folder: string): Promise<RevisionCheckout> {
  const { root } = THIS_CHECKOUT;
  const commit = commitOf(revision);
  git(root, 'worktree', 'add', '--detach', folder, commit);
  let isThere = true;
  const remove = (): void => {
    if (!isThere) return;
    isThere = false;
    // `git worktree remove` would stop at the first file that it cannot remove.
    rmSync(folder, { recursive: true, force: true });
    git(root, 'worktree', 'prune');
  };
  // Git keeps a list of worktrees; one that is left in it blocks the next worktree of that name.
  process.once('exit', remove);
  try {
    if (lockFile(root) === lockFile(folder)) {
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    } else {
      await runChild('npm', ['ci', '--ignore-scripts'], { cwd: folder });
    }
    await runChild('npm', ['run', '--silent', 'build'], { cwd: folder });
  } catch (error) {
    remove();
    throw error;
  }
  return { label: `${revision} (${commit.slice(0, 12)})`, root: folder, remove };
}

function lockFile(root: string): string {
  return readFileSync(join(root, 'package-lock.json'), 'utf8');
}
