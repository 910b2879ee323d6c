import { describe, expect, it } from 'vitest';
import { EntryBatchBuilder } from '../../../engine/index.js';
import { BatchInProgress } from '../../../engine/pool/hashed-batch.js';
import { filesPerTask } from '../../../engine/pool/task-sizes.js';

describe('the number of files in a task', () => {
  /** The number that is reached on storage where a task takes `taskMs` and each of its files `fileMs` more. */
  function settled(reads: 'io-uring' | 'system-calls', taskMs: number, fileMs: number): number {
    let files = filesPerTask(reads, undefined);
    for (let task = 0; task < 20; task += 1) files = filesPerTask(reads, (taskMs + files * fileMs) / files);
    return files;
  }

  it('is large on fast storage, and small on slow storage if files are read one by one', () => {
    expect(settled('system-calls', 0, 0.01)).toBe(512);
    expect(settled('system-calls', 0, 1)).toBe(40);
    expect(settled('system-calls', 0, 100)).toBe(4);
  });

  it.each([
    [60, 48, 48, [60]],
    [95, 48, 48, [95]],
    [96, 48, 48, [48, 48]],
    [512, 400, 48, [256, 256]],
    [30, 48, 48, [30]],
    [7, 4, 4, [7]],
    [0, 4, 4, []],
  ])('divides %d files by %d or so, and never into parts of fewer than %d', (files, most, fewest, parts) => {
    const builder = new EntryBatchBuilder();
    for (let file = 0; file < files; file += 1) builder.addFile(String(file), 1, 1n);
    const batch = new BatchInProgress(builder.take());
    const taken: number[] = [];
    // Never more parts than files, so that a part of no files fails the test instead of hanging it.
    while (batch.filesLeft > 0 && taken.length < files) taken.push(batch.take(most, fewest).count);
    expect(taken).toEqual(parts);
  });

  it('is never so small that a ring would read only a few files at once', () => {
    expect(settled('io-uring', 1, 0.01)).toBe(512);
    expect(settled('io-uring', 100, 0)).toBe(48);
    expect(settled('io-uring', 0, 100)).toBe(48);
  });
});
