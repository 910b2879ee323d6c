import { parentPort } from 'node:worker_threads';
import { answerTranslation } from '../translation/answer-translation.js';
import { createTranslator } from '../positions/translation/translator.js';
import type { TranslationResult, TranslationTask } from './translation-thread-messages.js';

/** Holds some tens of books with the chapters that are being read. A fourth of the memory that the thread may use. */
const CACHE_BYTES = 64 * 1024 * 1024;

/** Translates for translation-thread.ts. An error ends this thread, and translation-thread.ts starts another one. */
if (parentPort !== null) {
  const port = parentPort;
  const translator = createTranslator({ cacheBytes: CACHE_BYTES });
  port.on('message', ({ request }: TranslationTask) => {
    void answerTranslation(translator, request).then((outcomes) =>
      port.postMessage({ type: 'translated', outcomes } satisfies TranslationResult),
    );
  });
}
