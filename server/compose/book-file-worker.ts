import { parentPort } from 'node:worker_threads';
import { answerPiece } from '../book/answer-piece.js';
import type { PieceResult, PieceTask } from './book-file-threads.js';

/** Reads parts of files for book-file-threads.ts, one after the other. */
if (parentPort !== null) {
  const port = parentPort;
  const answer = async ({ id, request }: PieceTask): Promise<void> => {
    const outcome = await answerPiece(request);
    const bytes = outcome.state === 'read' ? outcome.bytes : undefined;
    // Small buffers share their memory with others, and are copied.
    const isMoved =
      bytes?.buffer instanceof ArrayBuffer && bytes.length > 0 && bytes.buffer.byteLength === bytes.length;
    port.postMessage({ id, outcome } satisfies PieceResult, isMoved ? [bytes.buffer] : []);
  };
  port.on('message', (task: PieceTask) => void answer(task));
}
