import type { Actor } from '../domain/actor.js';
import type { DevicePosition } from '../sync/progress.js';
import { worse } from '../positions/confidence.js';
import type { Store } from '../database/store.js';
import type { DocumentDetails } from '../sync/get-document.js';
import { isDigestNow, translatedDocument, type TranslatedDocument } from './translated-document.js';
import type { QueryOutcome, Translate, TranslationAnswer } from './translations.js';

/** What a position is in other forms, or why nobody can tell. */
export type TranslationDetails =
  | QueryOutcome
  | Exclude<TranslatedDocument, { readonly state: 'found' }>
  | Exclude<TranslationAnswer, { readonly state: 'answered' }>;

export interface TranslationContext {
  readonly store: Store;
  readonly translate: Translate;
}

/**
 * A translation for each position that is shown, in their order. Whatever goes wrong with the book is the outcome, so
 * that the positions themselves are shown in any case.
 */
export async function getTranslations(
  { store, translate }: TranslationContext,
  actor: Actor,
  { document, book, positions: { items } }: DocumentDetails,
): Promise<readonly TranslationDetails[]> {
  const found = await translatedDocument(store, actor, document, book);
  if (found.state !== 'found') return items.map(() => found);
  const answer = await translate({ path: found.path, format: found.format, queries: items.map(queryOf) });
  if (answer.state !== 'answered') return items.map(() => answer);
  const outcomes = items.map((_, index) => answer.outcomes[index] ?? { state: 'too-slow' as const });
  // Devices that go by a former digest may have the file as it was.
  return outcomes.map((outcome, index) => {
    const position = items[index];
    const isNow = position !== undefined && book !== undefined && isDigestNow(position.document, book);
    return isNow ? outcome : inOtherFile(outcome);
  });
}

function queryOf({ position, percentage }: DevicePosition) {
  return { kind: 'position', position, percentage } as const;
}

/** Most changes of a file are to its description, but nobody knows: what looks exact may be another place. */
export function inOtherFile(outcome: QueryOutcome): QueryOutcome {
  if (outcome.state !== 'translated') return outcome;
  return {
    ...outcome,
    xpointerConfidence: worse(outcome.xpointerConfidence, 'fragment'),
    cfiConfidence: worse(outcome.cfiConfidence, 'fragment'),
  };
}
