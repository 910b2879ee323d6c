import { describe, expect, it } from 'vitest';
import { CheckedHistory } from '../../../bench/soak/checked-history.js';
import type { SyncEvent } from '../../server/compose/sync-history.js';

/** `a1` is the first push of device a. A time is `begin-end`; `!` marks a push that was not acknowledged. */
function push(value: string, time: string): SyncEvent {
  const [sentMs = 0, answeredMs = 0] = time.replace('!', '').split('-').map(Number);
  const isAcknowledged = !time.endsWith('!');
  return { kind: 'push', register: 'book', row: value[0] ?? '', value, sentMs, answeredMs, isAcknowledged };
}

function pull(value: string | undefined, time: string): SyncEvent {
  const [sentMs = 0, answeredMs = 0] = time.split('-').map(Number);
  return { kind: 'pull', register: 'book', value, sentMs, answeredMs };
}

const NONE = { stale: [], lost: [] };
const rows = (...values: readonly string[]) => new Map(values.map((value) => [value[0] ?? '', value]));

describe('a history that is checked piece by piece', () => {
  it('is right when each pull returns the newest push, of this piece or of an earlier one', () => {
    const history = new CheckedHistory();
    const first = [push('a1', '1-2'), push('b1', '3-4'), push('a2', '5-6!')];
    expect(history.check(first, [pull('b1', '7-8')], rows('a1', 'b1'))).toEqual(NONE);
    expect(history.check([pull('b1', '9-10')], [pull('b1', '11-12')], rows('a1', 'b1'))).toEqual(NONE);
    // What was not acknowledged may be stored later.
    expect(history.check([pull('a2', '13-14')], [pull('a2', '15-16')], rows('a2', 'b1'))).toEqual(NONE);
  });

  it.each([
    ['an older push of the piece', [push('a1', '1-2'), push('b1', '3-4'), pull('a1', '5-6')]],
    ['nothing', [push('a1', '1-2'), pull(undefined, '3-4'), push('b1', '5-6')]],
  ])('has a stale pull when a pull of the load returns %s', (_what, load) => {
    const { stale, lost } = new CheckedHistory().check(load, [pull('b1', '7-8')], rows('a1', 'b1'));
    expect(stale).toHaveLength(1);
    expect(lost).toEqual([]);
  });

  it('has lost a push when the pulls after the load return an older one', () => {
    const load = [push('a1', '1-2'), push('b1', '3-4')];
    const { stale, lost } = new CheckedHistory().check(load, [pull('a1', '5-6')], rows('a1', 'b1'));
    expect(stale).toEqual([]);
    expect(lost).toHaveLength(1);
  });

  it('has lost a push that is not stored, though a newer one of another device hides it from pulls', () => {
    const load = [push('a1', '1-2'), push('a2', '3-4'), push('b1', '5-6')];
    const { lost } = new CheckedHistory().check(load, [pull('b1', '7-8')], rows('a1', 'b1'));
    expect(lost).toHaveLength(1);
  });

  it('has lost a push that a pull has shown, though it was not acknowledged', () => {
    const load = [push('a1', '1-2'), push('b1', '3-4!'), pull('b1', '5-6')];
    const { stale, lost } = new CheckedHistory().check(load, [pull('a1', '7-8')], rows('a1'));
    expect(stale).toEqual([]);
    expect(lost).toHaveLength(1);
  });

  it('has lost a push of an earlier piece that a later piece misses', () => {
    const history = new CheckedHistory();
    const load = [push('a1', '1-2'), push('b1', '3-4')];
    expect(history.check(load, [pull('b1', '5-6')], rows('a1', 'b1'))).toEqual(NONE);
    expect(history.check([], [pull('a1', '7-8')], rows('a1', 'b1')).lost).toHaveLength(1);
    expect(history.check([], [pull(undefined, '9-10')], rows('a1')).lost).not.toEqual([]);
  });
});
