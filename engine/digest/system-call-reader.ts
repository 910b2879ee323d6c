import type { Md5Kernel } from './md5-kernel.js';
import type { FileGroup, ReadOutcomes, SampleReader } from './sample-reader.js';
import { readStable, type StableRead } from './consistent-read.js';

/** One file after the other with Node's synchronous calls: what runs everywhere. */
export const SYSTEM_CALL_READER: SampleReader = {
  name: 'system-calls',
  isBroken: false,
  readGroup(kernel, group, outcomes, isCancelled) {
    for (let slot = 0; slot < group.count; slot += 1) {
      if (isCancelled()) return false;
      readIntoSlot(kernel, group, slot, outcomes);
    }
    return true;
  },
  finish: () => undefined,
};

const outcome: StableRead = { messageBytes: 0, sizeBytes: 0, modifiedNs: 0n, failure: '' };

/** Reads one file of a group. */
export function readIntoSlot(
  kernel: Md5Kernel,
  { paths, files, first }: FileGroup,
  slot: number,
  { lengths, failures, changed }: ReadOutcomes,
): void {
  const index = first + slot;
  const sizeBytes = files.sizeBytes[index] ?? 0;
  const modifiedNs = files.modifiedNs[index] ?? 0n;
  readStable(paths.at(index), sizeBytes, modifiedNs, kernel.arena, slot * kernel.slotBytes, outcome);
  if (outcome.failure !== '') failures.set(index, outcome.failure);
  else if (outcome.sizeBytes !== sizeBytes || outcome.modifiedNs !== modifiedNs) {
    changed.set(index, { sizeBytes: outcome.sizeBytes, modifiedNs: outcome.modifiedNs });
  }
  lengths[slot] = outcome.messageBytes;
}
