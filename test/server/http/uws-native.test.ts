import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ListenError } from '../../../server/http/listen-error.js';
import { loadUws, type NodeBuild, PREBUILT_VERSIONS } from '../../../server/http/uws-native.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const major = process.versions.node.split('.')[0] ?? '';
const here: NodeBuild = { major, platform: process.platform, arch: process.arch, glibc: () => '2.36' };
const prebuilt = `@uwsjs/${here.platform}-${here.arch}-${major}`;

describe('uWebSockets.js', () => {
  it('is the package for the platform, the processor and the Node.js that run', async () => {
    const from = await folderWith('@uwsjs/darwin-arm64-99');
    const build = { ...here, major: '99', platform: 'darwin', arch: 'arm64' };
    expect(loadUws(from, build).packageName).toBe('@uwsjs/darwin-arm64-99');
    expect(() => loadUws(from, { ...build, arch: 'x64' })).toThrow(ListenError);
  });

  it('is named by its package where npm installs none', async () => {
    const from = await folderWith();
    expect(problem(from, { ...here, major: '22', platform: 'win32', arch: 'x64' })).toMatch(
      /"npm install @uwsjs\/win32-x64-22@20\.51\.4" in \//,
    );
    expect(problem(from, { ...here, major: '24', arch: 'arm64' })).toContain(
      '@uwsjs/linux-arm64-24@20.69.0"',
    );
  });

  it('is named in the version that package.json has', () => {
    const { optionalDependencies }: { optionalDependencies: Record<string, string> } = JSON.parse(
      readFileSync(join(repositoryRoot, 'package.json'), 'utf8'),
    );
    const prebuilt = Object.entries(optionalDependencies).flatMap(([name, version]) => {
      const [, major] = /^@uwsjs\/linux-x64-(\d+)$/.exec(name) ?? [];
      return major === undefined ? [] : [[major, version] as const];
    });
    expect([...PREBUILT_VERSIONS]).toEqual(prebuilt);
  });

  it('is named by no package for a Node.js that has none', async () => {
    const from = await folderWith('@uwsjs/linux-x64-24');
    for (const major of ['21', '25', '99'])
      for (const build of [
        { platform: 'linux', arch: 'x64' },
        { platform: 'darwin', arch: 'arm64' },
      ] as const) {
        const text = problem(from, { ...here, ...build, major });
        expect(text).toContain('Use Node.js 20, 22, 24 or 26, and run "npm ci"');
        expect(text).not.toContain('@uwsjs/');
      }
  });

  it('asks for npm ci after Node.js was upgraded', async () => {
    const from = await folderWith('@uwsjs/linux-x64-20');
    const text = problem(from, { ...here, major: '22' });
    expect(text).toMatch(
      /@uwsjs\/linux-x64-20 is installed, for another Node\.js; @uwsjs\/linux-x64-22 is needed/,
    );
    expect(text).toMatch(/run "npm ci" again in \//);
  });

  it('asks for what installs packages where Dogear is installed as a package itself', async () => {
    const from = await folderWith('@uwsjs/linux-x64-20');
    const app = dirname(from);
    const program = join(app, 'node_modules', 'dogear');
    const [upgraded, other] = [
      { ...here, major: '22' },
      { ...here, major: '22', arch: 'arm64' },
    ];
    expect(problem(from, upgraded, program)).toContain(
      'is needed: install Dogear again with "npm install -g".',
    );
    writeFileSync(join(app, 'package.json'), '{}');
    expect(problem(from, upgraded, program)).toContain(`is needed: run "npm install" again in ${app}.`);
    rmSync(join(app, 'node_modules', '@uwsjs'), { recursive: true });
    expect(problem(from, other, program)).toContain(
      `run "npm install @uwsjs/linux-arm64-22@20.51.4" in ${app}.`,
    );
  });

  it('asks for npm ci where optional packages were left out', async () => {
    expect(problem(await folderWith(), { ...here, major: '24' })).toMatch(
      /@uwsjs\/linux-x64-24 is not installed.*optional packages, run "npm ci"/,
    );
  });

  it('says which glibc a package needs that is installed, and what else runs here', async () => {
    const from = await folderWith(prebuilt);
    const file = join(dirname(from), 'node_modules', prebuilt, 'uws.node');
    const binary = readFileSync(file, 'latin1');
    // The loader looks for the versions by name, in the text of the file.
    writeFileSync(
      file,
      binary.replaceAll('GLIBC_2.27', 'GLIBC_9.27').replaceAll('GLIBC_2.38', 'GLIBC_9.38'),
      'latin1',
    );
    const text = problem(from, here);
    expect(text).toMatch(
      /needs glibc 9\.(27|38) or later, and this system has 2\.36\. Use Node\.js 20 or 22/,
    );
    expect(text).not.toContain('not installed');
  });

  it('says that a system without glibc is none for it', async () => {
    expect(problem(await folderWith(), { ...here, glibc: () => undefined })).toMatch(/needs glibc.*Alpine/);
  });

  it('says why a package that is installed does not load', async () => {
    const from = await folderWith();
    const folder = join(dirname(from), 'node_modules', 'uWebSockets.js');
    mkdirSync(folder);
    writeFileSync(join(folder, 'index.js'), "throw new Error('This version supports only Node.js 16');");
    expect(problem(from, here)).toContain(
      'uWebSockets.js is installed and does not load: This version supports only Node.js 16',
    );
  });
});

function problem(from: string, build: NodeBuild, programFolder?: string): string {
  try {
    loadUws(from, build, programFolder);
  } catch (error) {
    if (error instanceof ListenError) return error.message;
    throw error;
  }
  throw new Error('it was loaded');
}

/** A file beside whose `node_modules` the package of the running Node.js lies, under another name. */
async function folderWith(name?: string): Promise<string> {
  const { path: folder } = await temporaryFolder();
  mkdirSync(join(folder, 'node_modules'));
  if (name !== undefined) {
    const installed = dirname(createRequire(import.meta.url).resolve(`${prebuilt}/package.json`));
    cpSync(installed, join(folder, 'node_modules', name), { recursive: true });
  }
  return join(folder, 'file.js');
}
