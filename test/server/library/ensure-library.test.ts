import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ensureLibrary } from '../../../server/library/add-library.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

it.each(testDatabases())(
  'a library on $name is named after its folder, also if the name is long, taken, or has line breaks',
  async (kind) => {
    const store = await openTestStore(kind);
    const { path } = await temporaryFolder();
    const nameOf = async (...folders: string[]): Promise<string> => {
      const folder = join(path, ...folders);
      mkdirSync(folder, { recursive: true });
      return (await ensureLibrary(store, folder)).name;
    };
    try {
      expect(await nameOf('Books')).toBe('Books');
      expect(await nameOf('more', 'Books')).toBe('Books 2');
      expect(await nameOf('n'.repeat(250))).toBe('n'.repeat(100));
      expect(await nameOf('more', 'n'.repeat(250))).toBe(`${'n'.repeat(98)} 2`);
      expect(await nameOf('two\nlines ')).toBe('two lines');
      expect(await nameOf('\n')).toBe('library');
      expect(await nameOf(`${'n'.repeat(99)}📚`)).toBe('n'.repeat(99));
    } finally {
      await store.close();
    }
  },
);
