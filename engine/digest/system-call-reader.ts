import type { OpenFolder } from '../system/open-folder.js';
import { readConsistent, type ConsistentRead } from './consistent-read.js';
import type { FileToRead } from './open-file.js';
import type { Md5Kernel } from './md5-kernel.js';
import type { FileGroup, ReadOutcomes, SampleReader } from './sample-reader.js';

/** Reads one file after the other with Node's synchronous calls. It works on every system. */
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

const outcome: ConsistentRead = { messageBytes: 0, sizeBytes: 0, modifiedNs: 0n, failure: undefined };

/** Reads one file of a group into its slot. */
export function readIntoSlot(
  kernel: Md5Kernel,
  { folders, paths, files, first }: FileGroup,
  slot: number,
  { lengths, failures, changed }: ReadOutcomes,
): void {
  const index = first + slot;
  const sizeBytes = files.sizeBytes[index] ?? 0;
  const modifiedNs = files.modifiedNs[index] ?? 0n;
  const folder = (): OpenFolder => folders.enter(paths.folderAt(index));
  const file: FileToRead = {
    open: (flags) => folder().openFile(paths.nameAt(index), flags),
    close: (descriptor) => folder().closeFile(descriptor),
  };
  readConsistent(file, sizeBytes, modifiedNs, kernel.arena, slot * kernel.slotBytes, outcome);
  if (outcome.failure !== undefined) failures.set(index, outcome.failure);
  else if (outcome.sizeBytes !== sizeBytes || outcome.modifiedNs !== modifiedNs) {
    changed.set(index, { sizeBytes: outcome.sizeBytes, modifiedNs: outcome.modifiedNs });
  }
  lengths[slot] = outcome.messageBytes;
}
