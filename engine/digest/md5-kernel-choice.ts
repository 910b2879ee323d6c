import type { Md5Kernel } from './md5-kernel.js';
import { createNodeCryptoKernel } from './md5-node-crypto.js';

/** `auto` takes the SIMD kernel where it runs and `node-crypto` elsewhere. */
export type Md5Choice = 'auto' | 'wasm-simd' | 'node-crypto';

/** Makes this thread's kernel. Rejects when a kernel that was asked for by name cannot run here. */
export async function chooseMd5Kernel(choice: Md5Choice): Promise<Md5Kernel> {
  if (choice === 'wasm-simd') {
    throw new Error('the WebAssembly SIMD kernel for MD5 is not part of this build');
  }
  return Promise.resolve(createNodeCryptoKernel());
}
