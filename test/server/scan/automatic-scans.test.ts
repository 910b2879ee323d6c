import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DogearError } from '../../../server/domain/dogear-error.js';
import { scanId } from '../../../server/domain/ids.js';
import type { Library } from '../../../server/library/library.js';
import { AutomaticScans } from '../../../server/scan/automatic-scans.js';
import { bookFolder } from '../../support/book-folder.js';
import { testDatabases } from '../../support/databases.js';
import { openScanBench, type ScanBench } from '../../support/scan-bench.js';

const [DATABASE] = testDatabases();
const QUIET_MS = 30_000;
/** A busy database may take a while. */
const PATIENCE_MS = 20_000;

/** Unlike `vi.waitFor`, it lets no false time pass. */
async function eventually(check: () => void): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; ;) {
    try {
      check();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('scans that nobody starts', () => {
  let bench: ScanBench;
  let automatic: AutomaticScans;
  let libraries: readonly Library[];
  let started: string[];
  let errors: unknown[];
  /** How old the last scan may not be, and what alone is looked at. */
  let ages: unknown[];
  let places: unknown[];
  /** With what the next scans of a library do not begin. */
  let refusals: Map<string, Error[]>;

  beforeEach(async () => {
    if (DATABASE === undefined) throw new Error('no database');
    bench = await openScanBench(DATABASE);
    const folder = await bookFolder();
    libraries = [
      await bench.makeLibrary(folder, { name: 'a' }),
      await bench.makeLibrary(folder, { name: 'b' }),
    ];
    started = [];
    errors = [];
    ages = [];
    places = [];
    refusals = new Map();
    automatic = new AutomaticScans({
      store: bench.store,
      scans: {
        start: ({ name }, { unlessBegunWithinMs, within }) => {
          ages.push(unlessBegunWithinMs);
          places.push(within?.map((place) => place.toString()));
          const refusal = refusals.get(name)?.shift();
          if (refusal !== undefined) return Promise.reject(refusal);
          started.push(name);
          return Promise.resolve(scanId(started.length));
        },
      },
      quietMs: QUIET_MS,
      onError: (error) => errors.push(error),
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await automatic.close();
    await bench.close();
  });

  const touch = (name: string, ...paths: readonly string[]): void => {
    for (const library of libraries) {
      if (library.name === name) automatic.touched(library.id, paths.length > 0 ? paths : undefined);
    }
  };
  const refuse = (name: string, code: DogearError['code'], times: number): void => {
    refusals.set(
      name,
      Array.from({ length: times }, () => new DogearError(code, 'not now')),
    );
  };
  const refused = (name: string, left: number): Promise<void> =>
    eventually(() => expect(refusals.get(name)).toHaveLength(left));
  /** Time passes, and then what it set off is done: that reads the database, which is not in this thread. */
  async function pass(ms: number, expected: readonly string[]): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
    await eventually(() => expect(started).toEqual(expected));
  }

  it('begin once nothing has been touched for a while', async () => {
    for (let round = 0; round < 3; round++) {
      touch('a');
      await pass(QUIET_MS - 1, []);
    }
    await pass(1, ['a']);
    await pass(10 * QUIET_MS, ['a']);
    touch('b');
    await pass(QUIET_MS, ['a', 'b']);
    expect(errors).toEqual([]);
  });

  it('begin in the end also where something is touched without end', async () => {
    for (let ms = 0; ms < 580_000; ms += 20_000) {
      touch('a');
      await pass(20_000, []);
    }
    touch('a');
    await pass(19_999, []);
    await pass(1, ['a']);
  });

  it('of all libraries begin at a set time; one that is scanned already is left out', async () => {
    refuse('a', 'scan-running', 1);
    automatic.scanAll();
    await pass(60_000, ['b']);
    expect(errors).toEqual([]);
  });

  it('are tried again when others run, or when the library that was touched is being scanned', async () => {
    refuse('a', 'scans-at-limit', 2);
    automatic.scanAll();
    await refused('a', 1);
    await pass(10_000, ['b']);
    await refused('a', 0);
    await pass(10_000, ['b', 'a']);
    refuse('b', 'scan-running', 1);
    touch('b');
    await pass(QUIET_MS, ['b', 'a']);
    await refused('b', 0);
    await pass(10_000, ['b', 'a', 'b']);
    expect(errors).toEqual([]);
  });

  it('go on with the other libraries after one that cannot begin, which is reported', async () => {
    refuse('a', 'stopping', 1);
    automatic.scanAll();
    await pass(1, ['b']);
    expect(errors).toMatchObject([{ code: 'stopping' }]);
  });

  it('are tried again when the database was away, also those of all libraries', async () => {
    refusals.set('a', [new Error('the database is away')]);
    touch('a');
    await pass(QUIET_MS, []);
    await refused('a', 0);
    await pass(10_000, ['a']);
    expect(errors).toMatchObject([{ message: 'the database is away' }]);
    const { db } = bench.store;
    await db.schema.alterTable('library').renameTo('away').execute();
    automatic.scanAll();
    await eventually(() => expect(errors).toHaveLength(2));
    await db.schema.alterTable('away').renameTo('library').execute();
    await pass(10_000, ['a', 'a', 'b']);
  });

  it('are those of another server too, which began after the last touch or at the same time', async () => {
    refuse('a', 'scan-running', 1);
    touch('a');
    await pass(QUIET_MS, []);
    await refused('a', 0);
    refuse('a', 'scan-recent', 1);
    await pass(10_000, []);
    await refused('a', 0);
    expect(ages).toEqual([QUIET_MS, QUIET_MS + 10_000]);
    refuse('a', 'scan-recent', 1);
    automatic.scanAll();
    await pass(0, ['b']);
    expect(ages.slice(2)).toEqual([30_000, 30_000]);
    expect(errors).toEqual([]);
  });

  it('look only at what was touched, each place once', async () => {
    touch('a', 'y.epub', 'x/b.epub', 'x/c/', 'x/c/d.epub', 'x/c/e/');
    touch('a', 'x/b.epub');
    await pass(QUIET_MS, ['a']);
    expect(places).toEqual([['x/b.epub', 'x/c/', 'y.epub']]);
  });

  it('look at everything where too much was touched, or the root itself, or a schedule wants it', async () => {
    touch('a', ...Array.from({ length: 201 }, (_, number) => `${String(number)}.epub`));
    touch('b', '', 'x.epub');
    await pass(QUIET_MS, ['a', 'b']);
    refuse('a', 'scans-at-limit', 1);
    touch('a', 'x.epub');
    await pass(QUIET_MS, ['a', 'b']);
    await refused('a', 0);
    automatic.scanAll();
    await pass(10_000, ['a', 'b', 'a', 'b']);
    expect(places).toEqual([undefined, undefined, ['x.epub'], undefined, undefined]);
  });

  it('do not look at a file that is written without end, and do at what lies beside it', async () => {
    touch('a', 'other.epub');
    for (let ms = 0; ms < 590_000; ms += 10_000) {
      touch('a', 'large.epub');
      await pass(10_000, []);
    }
    touch('a', 'large.epub');
    await pass(10_000, ['a']);
    expect(places).toEqual([['other.epub']]);
    await pass(QUIET_MS, ['a', 'a']);
    expect(places.at(-1)).toEqual(['large.epub']);
  });
});
