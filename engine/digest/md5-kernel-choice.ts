import type { Md5Kernel } from './md5-kernel.js';
import { createNodeCryptoKernel } from './md5-node-crypto.js';

/** `auto` takes the SIMD kernel where it runs and `node-crypto` elsewhere. */
export type Md5Choice = 'auto' | 'wasm-simd' | 'node-crypto';

/** The name of the kernel that a choice comes to here. Throws when a kernel that was asked for by name cannot run. */
export function md5KernelNameFor(choice: Md5Choice): Md5Kernel['name'] {
  if (choice === 'wasm-simd') {
    throw new Error('the WebAssembly SIMD kernel for MD5 is not part of this build');
  }
  return 'node-crypto';
}

/** Makes this thread's kernel. */
export function createMd5Kernel(name: Md5Kernel['name']): Promise<Md5Kernel> {
  switch (name) {
    case 'wasm-simd':
      return Promise.reject(new Error('the WebAssembly SIMD kernel for MD5 is not part of this build'));
    case 'node-crypto':
      return Promise.resolve(createNodeCryptoKernel());
    default:
      return name satisfies never;
  }
}
