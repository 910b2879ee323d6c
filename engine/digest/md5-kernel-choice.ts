import type { Md5Kernel, Md5KernelName } from './md5-kernel.js';
import { loadMd5Lanes } from './md5-lanes/md5-lanes.js';
import { createNodeCryptoKernel } from './md5-node-crypto.js';

/**
 * The MD5 implementation that an engine is to use. `wasm-simd` computes sixteen digests at a time in WebAssembly,
 * `node-crypto` uses OpenSSL, one digest at a time. `auto` is `wasm-simd` where that runs and `node-crypto`
 * elsewhere. The digests are the same.
 */
export type Md5Choice = 'auto' | Md5KernelName;

export const MD5_CHOICES: readonly Md5Choice[] = ['auto', 'wasm-simd', 'node-crypto'];

/** Makes a kernel for the calling thread. @throws Error with the reason if a kernel chosen by name does not run here */
export function createMd5Kernel(choice: Md5Choice): Md5Kernel {
  if (choice === 'node-crypto') return createNodeCryptoKernel();
  const lanes = loadMd5Lanes();
  if (lanes.state === 'ready') return lanes.kernel;
  if (choice === 'wasm-simd') throw new Error(lanes.reason);
  return createNodeCryptoKernel();
}

/** The name of the kernel that `createMd5Kernel` makes for a choice. @throws like `createMd5Kernel` */
export function md5KernelNameFor(choice: Md5Choice): Md5KernelName {
  if (choice === 'node-crypto') return choice;
  // One slot is enough to find out whether it runs.
  const lanes = loadMd5Lanes(1);
  if (lanes.state === 'ready') return lanes.kernel.name;
  if (choice === 'wasm-simd') throw new Error(lanes.reason);
  return 'node-crypto';
}
