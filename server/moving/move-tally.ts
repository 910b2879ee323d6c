/** Why something of another server was left out. */
export type LeftOut =
  | 'other-type'
  | 'other-layout'
  | 'name-refused'
  | 'key-refused'
  | 'other-password'
  | 'unproven-user'
  | 'no-such-user'
  | 'header-taken'
  | 'user-without-account'
  | 'user-left-out'
  | 'document-refused'
  | 'percentage-refused'
  | 'position-refused'
  | 'device-refused'
  | 'history-refused'
  | 'api-key-refused'
  | 'book-not-here';

/** What was taken in another form than the source has it. */
export type Mended = 'time-missing' | 'time-in-future' | 'time-in-milliseconds';

export type UserOutcome = 'made' | 'there';
/** What only another Dogear gives. It is counted whether it was there already or not. */
export type Extra = 'apiKeys' | 'devices' | 'histories' | 'unmatched' | 'links';
export type PositionOutcome = 'added' | 'newer' | 'beside' | 'there' | 'older';

/** A few of each kind are named; the others are counted. */
const NAMED = 5;

export interface CountedNames {
  readonly count: number;
  /** The first of them. */
  readonly named: readonly string[];
}

/** What moving in has done, or would do. */
export class MoveTally {
  readonly users: Record<UserOutcome, number> = { made: 0, there: 0 };
  readonly positions: Record<PositionOutcome, number> = { added: 0, newer: 0, beside: 0, there: 0, older: 0 };
  readonly extras: Record<Extra, number> = { apiKeys: 0, devices: 0, histories: 0, unmatched: 0, links: 0 };
  readonly #leftOut = new Map<LeftOut, { count: number; named: string[] }>();
  readonly #mended = new Map<Mended, { count: number; named: string[] }>();
  #records = 0;

  /** Everything that the source gave. */
  get records(): number {
    return this.#records;
  }

  get leftOut(): ReadonlyMap<LeftOut, CountedNames> {
    return this.#leftOut;
  }

  get mended(): ReadonlyMap<Mended, CountedNames> {
    return this.#mended;
  }

  noteRecords(count: number): void {
    this.#records += count;
  }

  leaveOut(reason: LeftOut, what: string): void {
    countNamed(this.#leftOut, reason, what);
  }

  mend(how: Mended, what: string): void {
    countNamed(this.#mended, how, what);
  }
}

function countNamed<Key>(counts: Map<Key, { count: number; named: string[] }>, key: Key, what: string): void {
  const counted = counts.get(key) ?? { count: 0, named: [] };
  counted.count++;
  if (counted.named.length < NAMED && !counted.named.includes(what)) counted.named.push(what);
  counts.set(key, counted);
}
