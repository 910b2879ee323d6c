import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../engine/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('finding out which paths are gone', () => {
  const engine = createEngine({ jobs: 1 });
  afterAll(() => engine.close());

  it('reports a path as gone only if it certainly does not exist, in the order of the paths', async () => {
    const { path: root } = await temporaryFolder();
    writeFileSync(join(root, 'file'), '');
    writeFileSync(Buffer.from(`${root}/\xe9`, 'latin1'), '');
    symlinkSync('nowhere', join(root, 'dangling'));
    symlinkSync('loop', join(root, 'loop'));
    symlinkSync('.', join(root, 'linked'));
    const isGone = {
      file: false,
      nothing: true,
      '\xe9': false,
      '\xe8': true,
      dangling: false,
      'file/below': true,
      // A folder that became a link, as far as a walk is concerned.
      'loop/below': true,
      'linked/file': true,
      ['n'.repeat(300)]: false,
    };
    const paths = Object.keys(isGone).map((path) => Buffer.from(path, 'latin1'));
    expect(await engine.whichAreGone(root, paths)).toEqual(Object.values(isGone));
    expect(await engine.whichAreGone(root, [])).toEqual([]);
  });

  it('rejects when it is aborted', async () => {
    const probing = engine.whichAreGone('/', [Buffer.from('a')], { signal: AbortSignal.abort() });
    await expect(probing).rejects.toMatchObject({ code: 'aborted' });
  });
});
