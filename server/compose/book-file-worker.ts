import { parentPort } from 'node:worker_threads';
import { answerCover } from '../book/answer-cover.js';
import { answerPiece } from '../book/answer-piece.js';
import type { FileResult, FileTask } from './book-file-threads.js';

/** Reads parts of files, or covers, for book-file-threads.ts. */
if (parentPort !== null) {
  const port = parentPort;
  const answer = async ({ id, request }: FileTask): Promise<void> => {
    const outcome = await ('source' in request ? answerCover(request) : answerPiece(request));
    const bytes = outcome.state === 'read' ? outcome.bytes : undefined;
    // Small buffers share their memory with others, and are copied.
    const isMoved =
      bytes?.buffer instanceof ArrayBuffer && bytes.length > 0 && bytes.buffer.byteLength === bytes.length;
    port.postMessage({ id, outcome } satisfies FileResult, isMoved ? [bytes.buffer] : []);
  };
  port.on('message', (task: FileTask) => void answer(task));
}
