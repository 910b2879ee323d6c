import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync, truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ReadAt } from '../../../engine/digest/sample-read.js';
import { readConsistent, type ConsistentRead } from '../../../engine/digest/consistent-read.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { referencePartialMd5 } from './reference-partial-md5.js';
import { writeSampleFile } from './sample-file.js';

const SIZE = 300_000;
const LONG_AGO = new Date('2015-05-05T05:05:05.500Z');

describe('a file that changes between two reads', async () => {
  const { path: folder } = await temporaryFolder();
  const path = join(folder, 'book');
  const arena = new Uint8Array(20_000);

  beforeEach(async () => {
    writeSampleFile(path, SIZE);
    utimesSync(path, LONG_AGO, LONG_AGO);
    // After this time the change does not count as recent any more.
    await new Promise((resolve) => setTimeout(resolve, 50));
  });

  /** Reads the file, and changes it before the third read of each of the first `attempts` attempts. */
  function readWhile(
    change: (turn: number) => void,
    attempts: number,
  ): ConsistentRead & { readonly digest: string } {
    const { size, mtimeNs } = statSync(path, { bigint: true });
    const outcome: ConsistentRead = { messageBytes: 0, sizeBytes: 0, modifiedNs: 0n, failure: undefined };
    let turn = 0;
    let reads = 0;
    const read: ReadAt = (...where) => {
      if (where[4] === 0) reads = 0;
      reads += 1;
      if (reads === 3 && turn < attempts) change((turn += 1));
      return readSync(...where);
    };
    readConsistent(
      { open: (flags) => openSync(path, flags), close: closeSync },
      Number(size),
      mtimeNs,
      arena,
      0,
      outcome,
      read,
    );
    expect(turn).toBe(attempts);
    return {
      ...outcome,
      digest: createHash('md5').update(arena.subarray(0, outcome.messageBytes)).digest('hex'),
    };
  }

  function expectPresentState(outcome: ConsistentRead & { readonly digest: string }): void {
    const { size, mtimeNs } = statSync(path, { bigint: true });
    expect(outcome).toMatchObject({ failure: undefined, sizeBytes: Number(size), modifiedNs: mtimeNs });
    expect(outcome.digest).toBe(referencePartialMd5(path));
  }

  it('is read once if it does not change', () => {
    expectPresentState(readWhile(() => undefined, 0));
  });

  const changes: [string, (turn: number) => void][] = [
    ['rewritten', (turn) => writeSampleFile(path, SIZE, turn)],
    [
      'rewritten, with its time set back',
      (turn) => {
        writeSampleFile(path, SIZE, turn);
        utimesSync(path, LONG_AGO, LONG_AGO);
      },
    ],
    ['cut off behind the reader', (turn) => truncateSync(path, 4500 - turn)],
    ['cut off before the reader', (turn) => truncateSync(path, 270_000 - turn)],
    [
      'made longer, with its time set back',
      (turn) => {
        writeSampleFile(path, SIZE + 2_000_000 * turn, turn);
        utimesSync(path, LONG_AGO, LONG_AGO);
      },
    ],
  ];

  it.each(changes)('is read again when it was %s', (_name, change) => {
    expectPresentState(readWhile(change, 1));
  });

  it.each(changes.slice(0, 2))('is given up when it was %s in three attempts', (_name, change) => {
    expect(readWhile(change, 3)).toMatchObject({ failure: 'changed-while-read', messageBytes: 0 });
  });
});
