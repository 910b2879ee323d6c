import type {
  CountedNames,
  Extra,
  LeftOut,
  Mended,
  MoveTally,
  PositionOutcome,
} from '../moving/move-tally.js';
import { countedNoun } from './counted-noun.js';
import { shownText } from './shown-text.js';

const POSITIONS: Readonly<Record<PositionOutcome, string>> = {
  added: 'in documents without progress',
  newer: 'newer than what Dogear has',
  beside: 'kept for their devices, beside newer ones of other devices',
  there: 'there already',
  older: 'older than what Dogear has; that stays',
};

const OUTCOMES = ['added', 'newer', 'beside', 'there', 'older'] as const satisfies readonly PositionOutcome[];

const EXTRAS = [
  ['apiKeys', 'API key', 'API keys'],
  ['devices', 'device', 'devices'],
  ['histories', 'history of a document', 'histories of documents'],
  ['unmatched', 'document without a book', 'documents without books'],
  ['links', 'link', 'links'],
] as const satisfies readonly (readonly [Extra, string, string])[];

const LEFT_OUT: Readonly<Record<LeftOut, readonly [one: string, many: string]>> = {
  'name-refused': [
    'user whose name Dogear refuses (see "dogear user add"); rename it in the source',
    'users whose names Dogear refuses (see "dogear user add"); rename them in the source',
  ],
  'key-refused': [
    'user without a password, or with one of more than 128 characters',
    'users without a password, or with one of more than 128 characters',
  ],
  'other-password': [
    'user whom Dogear has with another password: the same person? Then add --merge-users',
    'users whom Dogear has with other passwords: the same people? Then add --merge-users',
  ],
  'unproven-user': [
    'user whom Dogear has too, and no password says whether it is the same person; --merge-users says so',
    'users whom Dogear has too, and no passwords say whether they are the same people; --merge-users says so',
  ],
  'no-such-user': [
    'user whom Dogear does not have; "dogear user add" adds one, then add --merge-users',
    'users whom Dogear does not have; "dogear user add" adds them, then add --merge-users',
  ],
  'header-taken': [
    'user whose name arrives in a header like that of another; "dogear user add" adds such a user',
    'users whose names arrive in a header like those of others; "dogear user add" adds such users',
  ],
  'user-without-account': [
    'position of a user who has no password in the source',
    'positions of users who have no password in the source',
  ],
  'user-left-out': ['position of a user who is left out', 'positions of users who are left out'],
  'document-refused': [
    'position in a document whose name is empty, too long or no text',
    'positions in documents whose names are empty, too long or no text',
  ],
  'percentage-refused': [
    'position whose percentage is missing or not from 0 to 1',
    'positions whose percentages are missing or not from 0 to 1',
  ],
  'position-refused': [
    'position whose place is missing, too long or no text',
    'positions whose places are missing, too long or no text',
  ],
  'device-refused': [
    'position whose device is missing, too long or no text',
    'positions whose devices are missing, too long or no text',
  ],
  'history-refused': ['entry of a history that Dogear refuses', 'entries of histories that Dogear refuses'],
  'api-key-refused': ['API key that Dogear refuses', 'API keys that Dogear refuses'],
  'book-not-here': [
    'link to a book that no library here holds; scan the books first, then import again',
    'links to books that no library here holds; scan the books first, then import again',
  ],
  'other-type': ['key of another type than the server writes', 'keys of other types than the server writes'],
  'other-layout': ['key or line that is not known', 'keys or lines that are not known'],
};

const MENDED: Readonly<Record<Mended, readonly [one: string, many: string]>> = {
  'time-missing': [
    'position without a time counts as the oldest',
    'positions without times count as the oldest',
  ],
  'time-in-future': [
    'position with a time in the future counts as the oldest',
    'positions with times in the future count as the oldest',
  ],
  'time-in-milliseconds': ['time was in milliseconds', 'times were in milliseconds'],
};

/** What an import has done, or would do, for people. */
export function importReport(tally: MoveTally, isApplied: boolean): readonly string[] {
  const { users, positions } = tally;
  const would = isApplied ? '' : 'would be ';
  return [
    `Users: ${String(users.made)} ${would}added, ${String(users.there)} there already.`,
    `Positions: ${String(positions.added + positions.newer + positions.beside)} ${would}written, ` +
      `${String(positions.there + positions.older)} stay as they are.`,
    ...OUTCOMES.flatMap((outcome) =>
      positions[outcome] === 0 ? [] : [`  ${String(positions[outcome])} ${POSITIONS[outcome]}`],
    ),
    ...EXTRAS.flatMap(([extra, one, many]) =>
      tally.extras[extra] === 0 ? [] : [`And ${countedNoun(tally.extras[extra], one, many)}.`],
    ),
    ...section(isApplied ? 'Left out:' : 'Would be left out:', tally.leftOut, LEFT_OUT),
    ...section('Mended:', tally.mended, MENDED),
  ];
}

function section<Key extends string>(
  title: string,
  counts: ReadonlyMap<Key, CountedNames>,
  nouns: Readonly<Record<Key, readonly [one: string, many: string]>>,
): readonly string[] {
  if (counts.size === 0) return [];
  return [
    title,
    ...[...counts].flatMap(([key, { count, named }]) => {
      const names = named.map((name) => `"${shownText(name)}"`).join(', ');
      const [one, many] = nouns[key];
      return [`  ${countedNoun(count, one, many)}`, `    ${names}${count > named.length ? ', …' : ''}`];
    }),
  ];
}

export function importJson(tally: MoveTally, isApplied: boolean): object {
  return {
    applied: isApplied,
    users: tally.users,
    positions: tally.positions,
    extras: tally.extras,
    left_out: Object.fromEntries(tally.leftOut),
    mended: Object.fromEntries(tally.mended),
  };
}
