const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Sleeps, and the thread with it: it has nothing else to do, and a timer would make every read asynchronous. */
export function pause(ms: number): void {
  Atomics.wait(cell, 0, 0, ms);
}
