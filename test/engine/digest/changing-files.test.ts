import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createEngine, type EntryBatch, partialMd5OfFile } from '../../../engine/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { READS_HERE } from '../reads-here.js';
import { type Hashed, hashedBatches, walked } from '../collected.js';
import { GENERATIONS, type RestlessWriterData } from './restless-writer.js';
import { referencePartialMd5 } from './reference-partial-md5.js';
import { writeSampleFile } from './sample-file.js';

const extensions = new Set(['epub']);

describe.each(READS_HERE)('a file that changes between the walk and the reading, with %s', (reads) => {
  const engine = createEngine({ jobs: 1, reads });
  let root = '';
  let path = '';
  beforeEach(async () => {
    root = (await temporaryFolder()).path;
    path = join(root, 'a.epub');
    writeSampleFile(path, 100_000);
  });
  afterAll(() => engine.close());

  /**
   * Walks, changes the file, and hashes what the walk found: at once, or with `isLongAgo` so much later that the time
   * of the change (ctime) no longer shows it.
   */
  async function hashAfter(change: () => void, isLongAgo = false): Promise<Hashed | undefined> {
    const batches: EntryBatch[] = [];
    for await (const batch of engine.walk(root, { extensions })) batches.push(batch);
    change();
    if (isLongAgo) await new Promise((resolve) => setTimeout(resolve, 60));
    return (await hashedBatches(engine, root, batches)).get('a.epub');
  }

  function expectPresentState(hashed: Hashed | undefined): void {
    const { size, mtimeNs } = statSync(path, { bigint: true });
    expect(hashed).toMatchObject({
      failure: undefined,
      sizeBytes: Number(size),
      modifiedNs: mtimeNs,
      partialMd5: referencePartialMd5(path),
    });
  }

  it('is hashed as the walk found it if it did not change', async () => {
    expectPresentState(await hashAfter(() => undefined));
  });

  it('is hashed in its present state if it grew, also into another window', async () => {
    expectPresentState(await hashAfter(() => appendFileSync(path, 'more'.repeat(50_000))));
  });

  it('is hashed in its present state if it shrank, also to nothing', async () => {
    expectPresentState(await hashAfter(() => truncateSync(path, 70_000)));
    expectPresentState(await hashAfter(() => truncateSync(path, 0)));
  });

  it('is hashed in its present state if it was rewritten with the same size, its time set back or not', async () => {
    expectPresentState(await hashAfter(() => writeSampleFile(path, 100_000, 1)));
    const { atime, mtime } = statSync(path);
    expectPresentState(
      await hashAfter(() => {
        writeSampleFile(path, 100_000, 2);
        utimesSync(path, atime, mtime);
      }),
    );
  });

  it('is hashed in its present state if only its time changed, by as little as two microseconds', async () => {
    execFileSync('touch', ['-d', '2020-01-01 00:00:00.000001000 UTC', path]);
    const hashed = await hashAfter(() => {
      execFileSync('touch', ['-d', '2020-01-01 00:00:00.000003000 UTC', path]);
    }, true);
    expectPresentState(hashed);
    expect(hashed?.modifiedNs).toBe(1_577_836_800_000_003_000n);
  });

  it('is hashed in its present state if only its size changed', async () => {
    const { atime, mtime } = statSync(path);
    utimesSync(path, atime, mtime);
    const hashed = await hashAfter(() => {
      appendFileSync(path, 'more');
      utimesSync(path, atime, mtime);
    }, true);
    expectPresentState(hashed);
    expect(hashed?.sizeBytes).toBe(100_004);
  });

  it('is hashed in its present state if another file replaced it', async () => {
    expectPresentState(
      await hashAfter(() => {
        writeSampleFile(join(root, 'new'), 50_000, 3);
        renameSync(join(root, 'new'), path);
      }),
    );
  });

  it('has a failure if it vanished or is not a regular file any more, and nothing hangs', async () => {
    const failures: (string | undefined)[] = [];
    for (const replace of [
      () => undefined,
      () => execFileSync('mkfifo', [path]),
      () => mkdirSync(path),
      () => symlinkSync('a.epub', path),
      () => symlinkSync('/dev/zero', path),
    ]) {
      rmSync(path, { recursive: true, force: true });
      writeFileSync(path, 'a book');
      const hashed = await hashAfter(() => {
        rmSync(path);
        replace();
      });
      failures.push(hashed?.failure?.code);
      expect(hashed?.partialMd5).toBe('0'.repeat(32));
    }
    expect(failures).toEqual(['vanished', 'not-regular', 'not-regular', 'link-loop', 'not-regular']);
  });

  it('has a failure if a folder on its path became a file', async () => {
    mkdirSync(join(root, 'sub'));
    writeFileSync(join(root, 'sub', 'b.epub'), '');
    const batches: EntryBatch[] = [];
    for await (const batch of engine.walk(root, { extensions })) batches.push(batch);
    rmSync(join(root, 'sub'), { recursive: true });
    writeFileSync(join(root, 'sub'), '');
    const hashed = await hashedBatches(engine, root, batches);
    expect([...hashed.values()].map(({ failure }) => failure?.code)).toEqual([undefined, 'vanished']);
  });

  it('makes partialMd5OfFile throw, with the cause', () => {
    rmSync(path);
    expect(() => partialMd5OfFile(path)).toThrowError(
      expect.objectContaining({ code: 'vanished', cause: expect.objectContaining({ code: 'ENOENT' }) }),
    );
    mkdirSync(path);
    expect(() => partialMd5OfFile(path)).toThrowError(expect.objectContaining({ code: 'not-regular' }));
  });
});

describe.each(READS_HERE)('a file that is rewritten continuously, with %s', (reads) => {
  const engine = createEngine({ jobs: 1, reads });
  afterAll(() => engine.close());

  it.each([0, 45])('never has a digest mixed of two states, with pauses of %i ms', async (restMs) => {
    const { path: root } = await temporaryFolder();
    const path = join(root, 'a.epub');
    writeSampleFile(path, 1024 * 4 ** 10 + 1024);
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const workerData: RestlessWriterData = { path, stop, restMs };
    const writer = new Worker(new URL('restless-writer.js', import.meta.url), { workerData });
    await new Promise((resolve) => writer.once('message', resolve));
    const outcomes = new Set<string>();
    for (let round = 0; round < 20; round += 1) {
      const entries = await walked(engine, root, { extensions });
      expect(entries).toHaveLength(1);
      for (const { failure, partialMd5 } of (
        await hashedBatches(engine, root, engine.walk(root, { extensions }))
      ).values()) {
        outcomes.add(failure?.code ?? partialMd5);
      }
    }
    Atomics.store(stop, 0, 1);
    Atomics.notify(stop, 0);
    await new Promise((resolve) => writer.once('exit', resolve));
    const states = statesOfRestlessFile();
    for (const outcome of outcomes)
      expect(outcome === 'changed-while-read' || states.has(outcome)).toBe(true);
    if (restMs === 0) expect(outcomes).toContain('changed-while-read');
    else expect([...outcomes].some((outcome) => states.has(outcome))).toBe(true);
  });
});

/** The digests of all states of the file: the first windows of one generation, the others of the generation before. */
function statesOfRestlessFile(): Set<string> {
  const states = new Set<string>();
  for (let generation = 0; generation < GENERATIONS; generation += 1) {
    const before = (generation + GENERATIONS - 1) % GENERATIONS;
    for (let written = 1; written <= 12; written += 1) {
      const message = Buffer.alloc(12 * 1024, before).fill(generation, 0, written * 1024);
      states.add(createHash('md5').update(message).digest('hex'));
    }
  }
  return states;
}
