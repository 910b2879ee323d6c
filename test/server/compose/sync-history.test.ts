import { describe, expect, it } from 'vitest';
import { contradictions, missingPushes, type SyncEvent } from './sync-history.js';

/** `a1` is the first push of device a. A time is `begin-end`; `!` marks a push that was not acknowledged. */
function push(value: string, time: string): SyncEvent {
  const [sentMs = 0, answeredMs = 0] = time.replace('!', '').split('-').map(Number);
  const row = `user book ${value[0] ?? ''}`;
  const isAcknowledged = !time.endsWith('!');
  return { kind: 'push', register: 'user book', row, value, sentMs, answeredMs, isAcknowledged };
}

function pull(value: string | undefined, time: string): SyncEvent {
  const [sentMs = 0, answeredMs = 0] = time.split('-').map(Number);
  return { kind: 'pull', register: 'user book', value, sentMs, answeredMs };
}

describe('a history of pushes and pulls', () => {
  it.each<[string, SyncEvent[]]>([
    [
      'each pull returns what was pushed before',
      [push('a1', '1-2'), pull('a1', '3-4'), push('b1', '5-6'), pull('b1', '7-8')],
    ],
    [
      'nothing was pushed yet, or is being pushed',
      [pull(undefined, '0-1'), push('a1', '2-9'), pull(undefined, '3-4'), pull('a1', '5-6')],
    ],
    [
      'of two at once the first to be answered wins',
      [push('a1', '1-9'), push('b1', '2-3'), pull('a1', '10-11')],
    ],
    [
      'of two at once the second to be answered wins',
      [push('a1', '1-9'), push('b1', '2-3'), pull('b1', '10-11')],
    ],
    [
      'one is seen on its way between two pulls of the other',
      [push('a1', '1-2'), push('b1', '3-9'), pull('a1', '4-5'), pull('b1', '4-6'), pull('b1', '7-8')],
    ],
    ['what was not acknowledged is never seen', [push('a1', '1-2'), push('b1', '3-4!'), pull('a1', '5-6')]],
    [
      'what was not acknowledged is seen much later',
      [push('a1', '1-2'), push('b1', '3-4!'), pull('a1', '5-6'), pull('b1', '7-8')],
    ],
    ['a device failed once and then moved on', [push('a1', '1-2!'), push('a2', '3-4'), pull('a2', '5-6')]],
  ])('is right: %s', (_title, events) => {
    expect(contradictions(events)).toEqual([]);
  });

  it.each<[string, SyncEvent[]]>([
    ['an acknowledged push was lost', [push('a1', '1-2'), push('b1', '3-4'), pull('a1', '5-6')]],
    ['the very first push was lost', [push('a1', '1-2'), pull(undefined, '3-4')]],
    [
      'a value came back',
      [push('a1', '1-9'), push('b1', '2-8'), pull('a1', '3-4'), pull('b1', '5-6'), pull('a1', '7-8')],
    ],
    [
      'a lost push, seen by pulls alone',
      [push('a1', '1-2'), push('b1', '3-4!'), pull('b1', '5-6'), pull('a1', '7-8')],
    ],
    [
      'two readers see two orders',
      [push('a1', '1-9'), push('b1', '1-9'), pull('a1', '10-11'), pull('b1', '12-13')],
    ],
    ['a value from nowhere', [pull('a1', '1-2')]],
    ['a value from the future', [pull('a1', '1-2'), push('a1', '3-4')]],
    [
      'a failed push overtook its successor',
      [push('a1', '1-2!'), push('a2', '3-4'), pull('a2', '5-6'), pull('a1', '7-8')],
    ],
    [
      'a failed push overtook its successor unseen',
      [push('a1', '1-2!'), push('a2', '3-4'), pull('a1', '5-6')],
    ],
    [
      'a small cluster within a long one',
      [
        push('a1', '1-2'),
        pull('a1', '20-21'),
        push('b1', '3-4'),
        pull('b1', '4-5'),
        push('c1', '22-23'),
        pull('c1', '24-25'),
      ],
    ],
  ])('is wrong: %s', (_title, events) => {
    expect(contradictions(events)).not.toEqual([]);
  });

  it('keeps registers apart', () => {
    const other: SyncEvent = { ...pull(undefined, '3-4'), register: 'user other' };
    expect(contradictions([push('a1', '1-2'), other])).toEqual([]);
  });
});

describe('the stored positions at the end', () => {
  const rows = (value: string) => new Map([['user book a', value]]);
  const events = [push('a1', '1-2'), push('a2', '3-4'), push('a3', '5-6!')];

  it('are the last acknowledged pushes, or later ones', () => {
    expect(missingPushes(events, rows('a2'))).toEqual([]);
    expect(missingPushes(events, rows('a3'))).toEqual([]);
    expect(missingPushes([push('a1', '1-2!')], new Map())).toEqual([]);
    expect(missingPushes([push('a1', '1-2!')], rows('a1'))).toEqual([]);
  });

  it('are neither older ones nor missing', () => {
    expect(missingPushes(events, rows('a1'))).toHaveLength(1);
    expect(missingPushes(events, rows('b1'))).toHaveLength(1);
    expect(missingPushes(events, new Map())).toHaveLength(1);
    expect(missingPushes([push('a1', '1-2!')], rows('a0'))).toHaveLength(1);
  });
});
