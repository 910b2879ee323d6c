import { describe, expect, it } from 'vitest';
import { filesPerTask } from '../../../engine/pool/task-sizes.js';

describe('the files of a task', () => {
  /** What tasks come to on storage where a task takes a time of its own, and each file some more. */
  function settled(reads: 'io-uring' | 'system-calls', taskMs: number, fileMs: number): number {
    let files = filesPerTask(reads, undefined);
    for (let task = 0; task < 20; task += 1) files = filesPerTask(reads, (taskMs + files * fileMs) / files);
    return files;
  }

  it('are many on fast storage, and few on slow storage where each is waited for', () => {
    expect(settled('system-calls', 0, 0.01)).toBe(512);
    expect(settled('system-calls', 0, 1)).toBe(40);
    expect(settled('system-calls', 0, 100)).toBe(4);
  });

  it('are never so few that a ring would have little under way', () => {
    expect(settled('io-uring', 1, 0.01)).toBe(512);
    expect(settled('io-uring', 100, 0)).toBe(48);
    expect(settled('io-uring', 0, 100)).toBe(48);
  });
});
