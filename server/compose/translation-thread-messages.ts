import type { QueryOutcome, TranslationRequest } from '../translation/translations.js';

/** To the translating thread. The next task is sent after the result of the one before. */
export interface TranslationTask {
  readonly type: 'translate';
  readonly request: TranslationRequest;
}

/** From the translating thread, one for each task. */
export interface TranslationResult {
  readonly type: 'translated';
  readonly outcomes: readonly QueryOutcome[];
}
