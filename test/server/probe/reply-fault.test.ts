import { expect, it } from 'vitest';
import { kosyncFailure, type KosyncFailureCode } from '../../../server/http/routes/kosync/kosync-failure.js';
import { CODE } from '../../../server/probe/reply-fault.js';

const FAILURES = {
  notJson: 'body-not-json',
  unauthorized: 'unauthorized',
  documentMissing: 'document-missing',
  forbidden: 'forbidden',
  throttled: 'throttled',
  nothingHere: 'not-found',
  bodyTooLarge: 'body-too-large',
  busy: 'overloaded',
  databaseAway: 'unavailable',
} as const satisfies Record<keyof typeof CODE, KosyncFailureCode>;

it.each(Object.entries(CODE))('knows %s by the number that the server sends', (name, code) => {
  const failure = Object.entries(FAILURES).find(([other]) => other === name)?.[1] ?? 'internal';
  for (const family of ['account', 'api-key'] as const) {
    expect(JSON.parse(String(kosyncFailure(family, failure).body))).toMatchObject({ code });
  }
});
