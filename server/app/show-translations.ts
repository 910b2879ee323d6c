import type { Actor } from '../domain/actor.js';
import type { DevicePosition } from '../domain/device.js';
import type { Store } from '../storage/store.js';
import { type ShownDocument } from './show-document.js';
import { translatedDocument, type TranslatedDocument } from './translated-document.js';
import type { QueryOutcome, Translate, TranslationAnswer } from './translations.js';

/** What a position is in other forms, or why nobody can tell. */
export type ShownTranslation =
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
export async function showTranslations(
  { store, translate }: TranslationContext,
  actor: Actor,
  { book, positions: { items } }: Pick<ShownDocument, 'book' | 'positions'>,
): Promise<readonly ShownTranslation[]> {
  const found = await translatedDocument(store, actor, book);
  if (found.state !== 'found') return items.map(() => found);
  const answer = await translate({ path: found.path, format: found.format, queries: items.map(queryOf) });
  if (answer.state !== 'answered') return items.map(() => answer);
  return items.map((_, index) => answer.outcomes[index] ?? { state: 'too-slow' });
}

function queryOf({ position, percentage }: DevicePosition) {
  return { kind: 'position', position, percentage } as const;
}
