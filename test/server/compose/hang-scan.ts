/**
 * Loaded into the program with `--import`, and so into its worker threads too. A thread that scans hangs for ever as soon
 * as it has said that its scan is started, as it would in a folder of a network drive that does not answer.
 */
import { parentPort, workerData } from 'node:worker_threads';

const data: unknown = workerData;
if (parentPort !== null && typeof data === 'object' && data !== null && 'libraryId' in data) {
  const port = parentPort;
  const post = port.postMessage.bind(port);
  port.postMessage = (message: unknown) => {
    post(message);
    const isStarted =
      typeof message === 'object' && message !== null && 'type' in message && message.type === 'started';
    if (isStarted) Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0);
  };
}
