import { appendFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type BookFileState, withFile } from '../../../../server/positions/epub/file-reader.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

describe('a file that is written to while it is read', () => {
  let path: string;
  let state: BookFileState;

  beforeEach(async () => {
    path = join((await temporaryFolder()).path, 'a');
    writeFileSync(path, 'before');
    const { size, mtimeNs } = statSync(path, { bigint: true });
    state = { sizeBytes: Number(size), modifiedNs: mtimeNs };
  });

  it('has changed, although it was read to the end', async () => {
    const read = (isChanged: boolean): Promise<string> =>
      withFile(path, state, (file) => {
        if (isChanged) appendFileSync(path, 'after');
        return Promise.resolve(file.read(0, 6).toString());
      });
    expect(await read(false)).toBe('before');
    await expect(read(true)).rejects.toMatchObject({ code: 'changed' });
  });

  it('has changed where it ends too early', async () => {
    const cut = withFile(path, state, (file) => {
      truncateSync(path, 2);
      return Promise.resolve(file.read(0, 6));
    });
    await expect(cut).rejects.toMatchObject({ code: 'changed' });
  });
});
