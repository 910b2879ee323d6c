import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadLibc } from '../../../engine/system/libc.js';
import { bookFolder } from '../../support/book-folder.js';

const NO_FILTERS = 3;

it.skipIf(loadLibc().state !== 'ready')(
  'where the system refuses statx, books are found and hashed',
  async (context) => {
    const { path } = await bookFolder({ 'one.epub': 'one', 'sub/two.epub': 'two' });
    const program = fileURLToPath(new URL('blocked-statx-program.js', import.meta.url));
    const options = { encoding: 'utf8', timeout: 30_000 } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, path], options);
    if (status === NO_FILTERS) context.skip('the system has no filters of calls');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      hashed: ['one.epub', 'sub/two.epub'],
      failures: [],
      reads: { name: 'system-calls', reason: 'the system refuses the call statx (EPERM)' },
    });
  },
);
