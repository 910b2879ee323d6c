import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot } from './support/repository-root.js';
import { temporaryFolder } from './support/temporary-folder.js';

// A small repository with a program that does what a release asks of it: that of Dogear takes a minute to build.

const PROGRAM = `#!/usr/bin/env node
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
if (process.argv[2] === '--version') {
  console.log(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version);
} else {
  const server = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1', () => {
    console.error(JSON.stringify({ address: 'http://127.0.0.1:' + server.address().port }));
  });
  process.once('SIGTERM', () => process.exit(0));
}
`;
const CHANGELOG = '# Changelog\n\n## Unreleased\n\n- A line.\n';

let folder: string;

beforeAll(async () => {
  ({ path: folder } = await temporaryFolder());
  const manifest = {
    name: 'dogear',
    version: '0.1.0',
    type: 'module',
    bin: { dogear: 'dist/server/main.js' },
    files: ['dist', 'CHANGELOG.md'],
  };
  mkdirSync(join(folder, 'dist/server'), { recursive: true });
  write('dist/server/main.js', PROGRAM);
  chmodSync(join(folder, 'dist/server/main.js'), 0o755);
  write('package.json', JSON.stringify(manifest));
  write('package-lock.json', JSON.stringify({ ...manifest, lockfileVersion: 3, packages: { '': manifest } }));
  for (const name of ['README.md', 'LICENSE']) write(name, name);
  write('.gitignore', '*.tgz\nnode_modules\n');
  write('CHANGELOG.md', CHANGELOG);
  git('init', '--quiet', '--initial-branch', 'main');
  git('config', 'user.name', 'Anna');
  git('config', 'user.email', 'anna@example.org');
  commit();
});

describe('a release', () => {
  it('needs a version', () => {
    expect(release('1.2')).toMatchObject({ status: 2, stderr: expect.stringContaining('usage:') });
  });

  it('is refused while changes have no commit', () => {
    write('CHANGELOG.md', '# Changelog\n\n## Unreleased\n\n## 0.0.9 – 2020-01-01\n\n- A line.\n');
    expect(refusal('0.2.0')).toContain('changes without a commit');
  });

  it('is refused without a line in the changelog', () => {
    commit();
    expect(refusal('0.2.0')).toContain('no line below "## Unreleased"');
    write('CHANGELOG.md', CHANGELOG);
    commit();
  });

  it('is refused where the tarball holds what belongs to nobody', () => {
    mkdirSync(join(folder, 'dist/test'));
    write('dist/test/a.js', '');
    commit();
    expect(refusal('0.2.0')).toContain('the tarball has dist/test/a.js.');
    git('rm', '--quiet', 'dist/test/a.js');
    commit();
  });

  it('is refused where the installed server does not start', () => {
    write('dist/server/main.js', PROGRAM.replace('} else {', "} else {\n  throw new Error('broken');"));
    commit();
    expect(refusal('0.2.0')).toMatch(/the installed server ends at once:[^]*broken/);
    write('dist/server/main.js', PROGRAM);
    commit();
  });

  it('keeps nothing of a dry run', () => {
    const before = git('log', '--oneline');
    expect(release('0.2.0', '--dry-run')).toMatchObject({ status: 0, stderr: '' });
    expect([git('log', '--oneline'), git('tag'), git('status', '--porcelain')]).toEqual([before, '', '']);
    expect(existsSync(join(folder, 'dogear-0.2.0.tgz'))).toBe(false);
  });

  it('makes the section, the commit, the tag and the tarball, and publishes nothing', () => {
    const { status, stdout } = release('0.2.0');
    expect(status).toBe(0);
    expect(stdout).toContain('npm publish dogear-0.2.0.tgz');
    expect(git('status', '--porcelain')).toBe('');
    expect(git('tag', '--points-at', 'HEAD')).toBe('v0.2.0\n');
    expect(read('CHANGELOG.md')).toMatch(/^## Unreleased\n\n## 0\.2\.0 – \d{4}-\d\d-\d\d\n\n- A line\.$/m);
    expect([read('package.json'), read('package-lock.json')]).toEqual([
      expect.stringMatching(/"version": ?"0\.2\.0"/),
      expect.stringMatching(/"version": ?"0\.2\.0"/),
    ]);
    expect(existsSync(join(folder, 'dogear-0.2.0.tgz'))).toBe(true);
    expect(refusal('0.2.0')).toContain('the tag v0.2.0 exists');
  });
});

function release(...args: readonly string[]) {
  return spawnSync(process.execPath, [join(repositoryRoot, '.ci/release.mjs'), ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
}

function refusal(version: string): string {
  const { status, stderr } = release(version);
  expect(status).toBe(1);
  return stderr;
}

function git(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('git', args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

function commit(): void {
  git('add', '--all');
  git('commit', '--quiet', '--message', 'A change');
}

function read(name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}
