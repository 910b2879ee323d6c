import { parentPort } from 'node:worker_threads';
import { answerCover } from '../book/answer-cover.js';
import { answerPiece } from '../book/answer-piece.js';
import type { FileResult, FileTask } from './book-file-threads.js';

/** Reads parts of files, or covers, for book-file-threads.ts. */
if (parentPort !== null) {
  const port = parentPort;
  const answer = async ({ id, request }: FileTask): Promise<void> => {
    const outcome = await ('source' in request ? answerCover(request) : answerPiece(request));
    const moved =
      'memory' in request ? request.memory : outcome.state === 'read' ? ownMemory(outcome.bytes) : undefined;
    port.postMessage({ id, outcome } satisfies FileResult, moved === undefined ? [] : [moved]);
  };
  port.on('message', (task: FileTask) => void answer(task));
}

/** Small buffers share their memory with others, and are copied. */
function ownMemory({ buffer, length }: Uint8Array): ArrayBuffer | undefined {
  return buffer instanceof ArrayBuffer && length > 0 && buffer.byteLength === length ? buffer : undefined;
}
