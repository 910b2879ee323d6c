import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { findLibraryByName } from '../../../server/library/library-repository.js';
import type { Store } from '../../../server/database/store.js';
import { type BookFolder, bookFolder } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { type RunningProgram, runProgram } from '../../support/program.js';
import { startWatched } from '../../support/watched-program.js';

const FILES = 6000;
const KILLS = 5;

describe.each(testDatabases())('a scan killed with SIGKILL, on $name', (kind) => {
  let folder: BookFolder;

  beforeAll(async () => {
    folder = await bookFolder();
    for (let file = 0; file < FILES; file++) {
      folder.write(`${String(file % 97)}/${String(file % 11)}/${String(file)}.epub`, `book ${String(file)}`);
    }
  });

  async function catalogue(store: Store) {
    const library = await findLibraryByName(store, 'books');
    if (library === undefined) return [];
    // Ids depend on the order in which the workers finish.
    return (await catalogueOf(store, library)).map((row) => ({ ...row, id: 0 }));
  }

  it('is continued by the next one: the catalogue is the same, and no committed file is opened again', async () => {
    const uninterrupted = await openTestStore(kind);
    const at = (url: string) => ['--database', url];
    for (const { url } of [uninterrupted]) {
      expect((await runProgram(['library', 'add', 'books', folder.path, ...at(url)])).exitCode).toBe(0);
      expect((await runProgram(['scan', ...at(url)])).exitCode).toBe(0);
    }
    const killed = await openTestStore(kind);
    await runProgram(['library', 'add', 'books', folder.path, ...at(killed.url)]);
    let openedAgain: string[] = [];
    let interruptions = 0;
    for (let run = 0; run <= KILLS; run++) {
      const committed = new Set(
        (await catalogue(killed)).filter((row) => row.partialMd5 !== undefined).map((row) => row.path),
      );
      const scan = await startWatched(['scan', '--jobs', '1', ...at(killed.url)]);
      if (run < KILLS) {
        await untilIt(scan, () => scan.openLogBytes() > 0 && scan.opened(folder.path).length > 0);
        // A random point in this run's share of the remaining files, so that enough are left for the later runs. Each
        // open writes some 50 bytes to the log.
        const share = (FILES - committed.size) / (KILLS - run + 1);
        const target = scan.openLogBytes() + Math.random() * share * 50;
        await untilIt(scan, () => scan.openLogBytes() >= target);
        await delay(Math.random() * 20);
        scan.send('SIGKILL');
      }
      const { signal, exitCode, stderr } = await scan.result;
      if (signal === 'SIGKILL') interruptions++;
      else expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      openedAgain = openedAgain.concat(scan.opened(folder.path).filter((path) => committed.has(path)));
      // The database server takes a moment to roll back the transaction of a killed client.
      await delay(200);
    }
    expect(interruptions).toBeGreaterThanOrEqual(3);
    expect(openedAgain).toEqual([]);
    expect(await catalogue(killed)).toEqual(await catalogue(uninterrupted));
    const states = await killed.db.selectFrom('scan').select('state').orderBy('id').execute();
    expect(states.filter(({ state }) => state === 'interrupted')).toHaveLength(interruptions);
    expect(states.at(-1)?.state).toBe('completed');
    await killed.close();
    await uninterrupted.close();
  });

  it('is continued with --regen-hashes too', async () => {
    const store = await openTestStore(kind);
    const at = ['--database', store.url];
    await runProgram(['library', 'add', 'books', folder.path, ...at]);
    await runProgram(['scan', ...at]);
    const scan = await startWatched(['scan', '--regen-hashes', '--jobs', '1', ...at]);
    await vi.waitUntil(async () => (await committedByLastScan(store)) > 0, { timeout: 30_000, interval: 1 });
    scan.send('SIGKILL');
    await scan.result;
    const again = await startWatched(['scan', '--regen-hashes', ...at]);
    expect((await again.result).exitCode).toBe(0);
    const first = new Set(scan.opened(folder.path));
    const second = new Set(again.opened(folder.path));
    expect(second.size).toBeLessThan(FILES);
    expect(new Set([...first, ...second]).size).toBe(FILES);
    await store.close();
  });
});

/** Or until it has ended: the last scan may end before it is killed. */
async function untilIt(program: RunningProgram, isSo: () => boolean): Promise<void> {
  const end = program.result.then(() => true);
  while (!isSo()) if (await Promise.race([end, delay(1, false)])) return;
}

async function committedByLastScan(store: Store): Promise<number> {
  const query = store.db
    .selectFrom('scan')
    .select(['unchanged', 'regen_since_ms'])
    .orderBy('id', 'desc')
    .limit(1);
  const last = await query.executeTakeFirst();
  return last === undefined || last.regen_since_ms === null ? 0 : Number(last.unchanged);
}
