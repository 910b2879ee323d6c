import { parentPort } from 'node:worker_threads';
import { answerTranslation } from '../translation/answer-translation.js';
import { createTranslator } from '../positions/translation/translator.js';
import type { TranslationResult, TranslationTask } from './translation-thread-messages.js';

/** Some tens of books with the chapters that are being read; a fourth of what the thread may have. */
const CACHE_BYTES = 64 * 1024 * 1024;

/** Translates for translation-thread.ts. What it throws ends the thread, and that is noticed there. */
if (parentPort !== null) {
  const port = parentPort;
  const translator = createTranslator({ cacheBytes: CACHE_BYTES });
  port.on('message', ({ request }: TranslationTask) => {
    void answerTranslation(translator, request).then((outcomes) =>
      port.postMessage({ type: 'translated', outcomes } satisfies TranslationResult),
    );
  });
}
