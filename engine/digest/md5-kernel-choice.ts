import type { Md5Kernel } from './md5-kernel.js';
import { loadMd5Lanes } from './md5-lanes/md5-lanes.js';
import { createNodeCryptoKernel } from './md5-node-crypto.js';

/** `auto` takes the SIMD kernel where it runs and `node-crypto` elsewhere. */
export type Md5Choice = 'auto' | 'wasm-simd' | 'node-crypto';

/** Makes this thread's kernel. Throws when one that was asked for by name cannot run here. */
export function createMd5Kernel(choice: Md5Choice): Md5Kernel {
  if (choice === 'node-crypto') return createNodeCryptoKernel();
  const lanes = loadMd5Lanes();
  if (lanes.state === 'ready') return lanes.kernel;
  if (choice === 'wasm-simd') throw new Error(lanes.reason);
  return createNodeCryptoKernel();
}

/** The name of the kernel that a choice comes to here; throws as `createMd5Kernel` does. */
export function md5KernelNameFor(choice: Md5Choice): Md5Kernel['name'] {
  if (choice === 'node-crypto') return choice;
  // One slot is enough to see that it runs.
  const lanes = loadMd5Lanes(1);
  if (lanes.state === 'ready') return lanes.kernel.name;
  if (choice === 'wasm-simd') throw new Error(lanes.reason);
  return 'node-crypto';
}
