import { hash } from 'node:crypto';
import type { Md5Kernel } from './md5-kernel.js';
import { MAX_MESSAGE_BYTES } from './sample-plan.js';

const DIGEST_BYTES = 16;

/**
 * One message is digested at a time, so more than one slot does not make MD5 itself faster. It spreads the cost of the
 * calls for each group over several files, as with the SIMD kernel. 8 slots of 12 KiB fit into the L2 cache.
 */
const SLOTS = 8;

/**
 * Makes a kernel that uses OpenSSL's MD5 through `node:crypto`.
 *
 * @throws OpenSSL's error where MD5 is forbidden (FIPS mode)
 */
export function createNodeCryptoKernel(): Md5Kernel {
  const arena = new Uint8Array(SLOTS * MAX_MESSAGE_BYTES);
  // Throws here, and not in the middle of a batch, where MD5 is forbidden.
  hash('md5', '');
  return {
    name: 'node-crypto',
    lanes: 1,
    arena,
    slotBytes: MAX_MESSAGE_BYTES,
    slots: SLOTS,
    digestSlots(lengths, count, digests) {
      for (let slot = 0; slot < count; slot += 1) {
        const start = slot * MAX_MESSAGE_BYTES;
        const message = arena.subarray(start, start + (lengths[slot] ?? 0));
        digests.set(hash('md5', message, 'buffer'), slot * DIGEST_BYTES);
      }
    },
  };
}
