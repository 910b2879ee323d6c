import { loadLibc } from './libc.js';

/**
 * Returns memory to the system that this process has freed: glibc keeps it, for each thread apart, also after the thread has
 * ended. Takes some milliseconds. Does nothing where koffi or glibc is missing.
 */
export function returnFreeMemory(): void {
  const loaded = loadLibc();
  if (loaded.state === 'ready') loaded.libc.trim?.();
}
