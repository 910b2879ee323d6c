import type { QueryOutcome, TranslationRequest } from '../translation/translations.js';

/** To the translating thread, one at a time: it gets no other before it has answered. */
export interface TranslationTask {
  readonly type: 'translate';
  readonly request: TranslationRequest;
}

/** From the translating thread, one for each task. */
export interface TranslationResult {
  readonly type: 'translated';
  readonly outcomes: readonly QueryOutcome[];
}
