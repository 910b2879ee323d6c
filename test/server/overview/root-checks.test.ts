import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createEngine } from '../../../engine/index.js';
import { libraryId } from '../../../server/domain/ids.js';
import { SharedCount } from '../../../server/domain/shared-count.js';
import { type Library, NEW_FILE_RULES } from '../../../server/library/library.js';
import { RootChecks } from '../../../server/overview/root-checks.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

function libraryAt(root: string): Library {
  return {
    id: libraryId(1),
    name: 'books',
    root: Buffer.from(root),
    extensions: undefined,
    koreaderHashes: true,
    fileRules: NEW_FILE_RULES,
  };
}

it('a root is there, missing, a file, or reached by a link; what was found out is used again for a while', async () => {
  const { path } = await temporaryFolder();
  const engine = createEngine({ jobs: 1 });
  onTestFinished(() => engine.close());
  for (const name of ['there', 'moved']) mkdirSync(join(path, name));
  writeFileSync(join(path, 'file'), '');
  symlinkSync('there', join(path, 'link'));
  const checks = new RootChecks(engine, new SharedCount());
  const problemOf = (name: string) => checks.problemOf(libraryAt(join(path, name)));
  expect(await problemOf('there')).toBeUndefined();
  expect(await problemOf('nothing')).toMatch(/is not there/);
  expect(await problemOf('file')).toMatch(/not a folder/);
  expect(await problemOf('link')).toMatch(/symbolic link/);
  expect(await problemOf('moved')).toBeUndefined();
  rmSync(join(path, 'moved'), { recursive: true });
  expect(await problemOf('moved')).toBeUndefined();
  expect(await new RootChecks(engine, new SharedCount()).problemOf(libraryAt(join(path, 'moved')))).toMatch(
    /is not there/,
  );
});

it('storage that does not answer is said to, is asked once, and keeps a bounded number of threads', async () => {
  const asked: string[] = [];
  const engine: ConstructorParameters<typeof RootChecks>[0] = {
    // oxlint-disable-next-line require-yield -- it never answers
    hash: async function* (root) {
      asked.push(root.toString());
      await new Promise(() => undefined);
    },
  };
  const looks = new SharedCount();
  const checks = new RootChecks(engine, looks);
  const roots = ['/a', '/b', '/c', '/d', '/e'];
  const said = await Promise.all([...roots, '/a'].map((root) => checks.problemOf(libraryAt(root))));
  const silent = 'The storage does not answer.';
  expect(said).toEqual([silent, silent, silent, silent, undefined, silent]);
  expect(asked).toEqual(['/a', '/b', '/c', '/d']);
  // Another thread of the process looks at no more.
  expect(await new RootChecks(engine, looks).problemOf(libraryAt('/e'))).toBeUndefined();
  expect(asked).toHaveLength(4);
});
