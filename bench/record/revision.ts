import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { versionOf } from './machine.js';

export interface Revision {
  readonly commit: string;
  /** Whether files differ from the commit, other than records of earlier runs. */
  readonly isDirty: boolean;
}

const UNKNOWN: Revision = { commit: 'unknown', isDirty: true };

/** The commit of a checkout; without git, or outside a repository, it is unknown. */
export function revisionOf(root: string): Revision {
  try {
    const commit = git(root, 'rev-parse', 'HEAD').trim();
    const changes = git(root, 'status', '--porcelain', '--', '.', ':!bench/runs');
    return { commit, isDirty: changes.trim() !== '' };
  } catch {
    return UNKNOWN;
  }
}

export function git(root: string, ...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

const manifest = z.object({
  version: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
});

/** Node, git and every package of package.json that is installed, by name. */
export function softwareVersions(root: string): Readonly<Record<string, string>> {
  const { version, ...lists } = readManifest(join(root, 'package.json'));
  const packages = Object.keys(Object.assign({}, ...Object.values(lists))).toSorted();
  const versions: Record<string, string> = {
    dogear: version,
    node: process.version,
    v8: process.versions.v8,
    openssl: process.versions.openssl,
    git: versionOf('git', '--version') ?? 'not installed',
    compiler: versionOf('cc', '--version') ?? 'not installed',
  };
  for (const name of packages) {
    const installed = installedVersion(root, name);
    if (installed !== undefined) versions[name] = installed;
  }
  return versions;
}

function installedVersion(root: string, name: string): string | undefined {
  try {
    return readManifest(join(root, 'node_modules', name, 'package.json')).version;
  } catch {
    return undefined;
  }
}

function readManifest(file: string): z.infer<typeof manifest> {
  return manifest.parse(JSON.parse(readFileSync(file, 'utf8')));
}
