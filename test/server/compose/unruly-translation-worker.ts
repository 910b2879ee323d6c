import { parentPort } from 'node:worker_threads';
import type {
  TranslationResult,
  TranslationTask,
} from '../../../server/compose/translation-thread-messages.js';

/** Misbehaves in the way that the path of the book names. */
parentPort?.on('message', ({ request }: TranslationTask) => {
  const book = Buffer.from(request.path).toString();
  if (book === 'endless') for (;;);
  if (book === 'huge')
    for (const kept: object[][] = []; ;) kept.push(Array.from({ length: 1000 }, () => ({})));
  if (book === 'mistaken') throw new Error('a mistake of the translator');
  const result: TranslationResult = { type: 'translated', outcomes: [{ state: 'format-unsupported' }] };
  parentPort?.postMessage(result);
});
