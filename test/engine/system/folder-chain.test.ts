import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { FolderChain } from '../../../engine/system/folder-chain.js';
import type { OpenFolder } from '../../../engine/system/open-folder.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe.each(['native', 'descriptor-paths', 'paths'] as const)(
  'a chain of folders opened by %s',
  (calls) => {
    let root = '';
    beforeEach(async () => {
      root = (await temporaryFolder()).path;
      mkdirSync(join(root, 'library', 'sub'), { recursive: true });
      writeFileSync(join(root, 'library', 'sub', 'ours.epub'), 'ours');
      mkdirSync(join(root, 'elsewhere', 'deeper'), { recursive: true });
      writeFileSync(join(root, 'elsewhere', 'theirs.epub'), 'of somebody else');
      writeFileSync(join(root, 'elsewhere', 'deeper', 'theirs too.epub'), '');
    });

    function withChain<T>(folder: string, act: (chain: FolderChain) => T): T {
      const chain = new FolderChain(`${join(root, folder)}/`, true, { calls });
      try {
        return act(chain);
      } finally {
        chain.close();
      }
    }

    function namesIn(folder: OpenFolder): string[] {
      const names: string[] = [];
      folder.eachEntry((name, isFolder) => names.push(isFolder ? `${name}/` : name));
      return names.toSorted();
    }

    it('opens no folder that a link leads to, be the link below the root, the root, or above it', () => {
      symlinkSync('../elsewhere', join(root, 'library', 'link'));
      symlinkSync('library', join(root, 'linked root'));
      symlinkSync('.', join(root, 'linked parent'));
      const notAFolder = expect.objectContaining({ code: 'ENOTDIR' }) as Error;
      for (const path of ['link/', 'link/deeper/', 'sub/ours.epub/'])
        withChain('library', (chain) => expect(() => chain.enter(path), path).toThrowError(notAFolder));
      for (const folder of ['linked root', 'linked parent/library'])
        withChain(folder, (chain) => expect(() => chain.enter(''), folder).toThrowError(notAFolder));
      withChain('library', (chain) =>
        expect(() => chain.enter('nothing/')).toThrowError(
          expect.objectContaining({ code: 'ENOENT' }) as Error,
        ),
      );
      withChain('library', (chain) => expect(namesIn(chain.enter(''))).toEqual(['link', 'sub/']));
    });

    it('follows a link to a file, and knows one that leads nowhere', () => {
      symlinkSync('../elsewhere/theirs.epub', join(root, 'library', 'file.epub'));
      symlinkSync('nowhere', join(root, 'library', 'dangling'));
      withChain('library', (chain) => {
        const folder = chain.enter('');
        expect(folder.stateOf('file.epub')).toMatchObject({ kind: 'file', sizeBytes: 16 });
        expect(folder.stateOf('sub')).toMatchObject({ kind: 'folder' });
        expect(['dangling', 'sub', 'nothing'].map((name) => folder.has(name))).toEqual([true, true, false]);
        expect(() => folder.stateOf('dangling')).toThrowError(
          expect.objectContaining({ code: 'ENOENT' }) as Error,
        );
      });
    });

    it.skipIf(calls === 'paths')('stays in a folder that is swapped for a link after it was opened', () => {
      withChain('library', (chain) => {
        const folder = chain.enter('sub/');
        renameSync(join(root, 'library', 'sub'), join(root, 'away'));
        symlinkSync('../elsewhere', join(root, 'library', 'sub'));
        expect(namesIn(folder)).toEqual(['ours.epub']);
        expect(folder.stateOf('ours.epub').sizeBytes).toBe(4);
        expect(folder.has('theirs.epub')).toBe(false);
        chain.enter('');
        expect(() => chain.enter('sub/')).toThrowError(expect.objectContaining({ code: 'ENOTDIR' }) as Error);
      });
    });

    it('keeps few folders open in a tree of hundreds of levels, in whatever order they are entered', () => {
      execFileSync('bash', ['-c', 'for i in $(seq 300); do mkdir d; cd -P d; echo $i > file; done'], {
        cwd: join(root, 'library'),
      });
      const before = readdirSync('/proc/self/fd').length;
      withChain('library', (chain) => {
        for (const level of [300, 1, 299, 150, 151, 300, 20]) {
          const folder = chain.enter('d/'.repeat(level));
          expect(folder.stateOf('file').sizeBytes).toBe(`${level}\n`.length);
          expect(namesIn(folder)).toEqual(level === 300 ? ['file'] : ['d/', 'file']);
          expect(readdirSync('/proc/self/fd').length - before).toBeLessThanOrEqual(32);
        }
        chain.enter('');
      });
      expect(readdirSync('/proc/self/fd').length).toBe(before);
    });

    it('lists names of any bytes, and more of them than one call returns', () => {
      const folder = join(root, 'library', 'sub');
      const names = ['\xff\xfe', 'caf\xc3\xa9', 'new\nline', 'n'.repeat(255)];
      for (let number = 0; number < 3000; number += 1) names.push(`${number} `.padEnd(100, 'x'));
      for (const name of names) writeFileSync(Buffer.from(`${folder}/${name}`, 'latin1'), '');
      withChain('library', (chain) =>
        expect(namesIn(chain.enter('sub/'))).toEqual([...names, 'ours.epub'].toSorted()),
      );
    });
  },
);
