import { hash } from 'node:crypto';
import type { Md5Kernel } from './md5-kernel.js';
import { MAX_MESSAGE_BYTES } from './sample-plan.js';

const DIGEST_BYTES = 16;

/**
 * OpenSSL's MD5, one message at a time: what every Node has. More slots than one gain nothing here, but a group of
 * files then shares the calls around it as it does with the SIMD kernel; 8 slots of 12 KiB stay in the L2 cache.
 */
const SLOTS = 8;

/** Makes a kernel of `node:crypto`. Throws what OpenSSL throws where MD5 is forbidden (FIPS mode). */
export function createNodeCryptoKernel(): Md5Kernel {
  const arena = new Uint8Array(SLOTS * MAX_MESSAGE_BYTES);
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
