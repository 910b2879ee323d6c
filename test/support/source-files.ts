import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { repositoryRoot } from './repository-root.js';

export interface SourceFile {
  /** Relative to the checkout, with `/`. */
  readonly path: string;
  readonly text: string;
}

const FOLDERS = ['config', 'engine', 'server', 'bench', 'test'];

/** Every TypeScript file of the checkout that somebody wrote. */
export function sourceFiles(): readonly SourceFile[] {
  return FOLDERS.flatMap((folder) => {
    const names = readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' });
    return names
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.generated.ts'))
      .map((name) => {
        const path = join(folder, name);
        return { path: path.split(sep).join('/'), text: readFileSync(join(repositoryRoot, path), 'utf8') };
      });
  });
}

/** Components of the console: TypeScript with markup, whose text only the compiler can tell from code. */
export function componentFiles(): readonly SourceFile[] {
  return checkoutFiles()
    .filter((path) => path.endsWith('.tsx'))
    .map((path) => ({ path, text: readFileSync(join(repositoryRoot, path), 'utf8') }));
}

/** The other files of the checkout whose comments name files. */
export function otherCommentedFiles(): readonly SourceFile[] {
  return checkoutFiles()
    .filter((path) => /\.(?:mjs|lua|c)$/.test(path) || path === '.ci/run')
    .filter((path) => !/^(?:dist|node_modules)\//.test(path))
    .map((path) => ({ path, text: readFileSync(join(repositoryRoot, path), 'utf8') }));
}

/** Every file of the checkout that git tracks, or could track; without git, every file that is there. */
export function checkoutFiles(): readonly string[] {
  return (
    gitPaths(['--cached', '--others', '--exclude-standard']) ??
    readdirSync(repositoryRoot, { recursive: true, encoding: 'utf8' }).map((name) =>
      name.split(sep).join('/'),
    )
  );
}

/** What `git ls-files` names at the top of the checkout; without git, what is there and not ignored. */
export function topLevelNames(): readonly string[] {
  const names =
    gitPaths([])?.flatMap((path) => path.split('/')[0] ?? []) ??
    readdirSync(repositoryRoot).filter((name) => !isIgnored(name));
  return [...new Set(names)];
}

function gitPaths(options: readonly string[]): readonly string[] | undefined {
  try {
    // The checkout may belong to somebody else than whoever runs the tests.
    const listing = execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', '-z', ...options], {
      cwd: repositoryRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return listing.split('\0').filter((path) => path !== '');
  } catch {
    // No git, or no repository: an unpacked archive.
    return undefined;
  }
}

function isIgnored(name: string): boolean {
  const patterns = readFileSync(join(repositoryRoot, '.gitignore'), 'utf8').split('\n');
  return patterns.some(
    (pattern) => pattern === `${name}/` || (pattern.startsWith('*') && name.endsWith(pattern.slice(1))),
  );
}
