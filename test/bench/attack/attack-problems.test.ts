import { expect, it } from 'vitest';
import { attackProblems } from '../../../bench/attack/attack-problems.js';
import type { AttackRow } from '../../../bench/attack/attack-rounds.js';

interface Seen {
  readonly failed?: readonly [number, number];
  readonly storedUnanswered?: number;
  readonly believed?: number;
}

function row(attack: string, { failed = [0, 0], storedUnanswered = 0, believed = 0 }: Seen): AttackRow {
  const same = { calmMs: 1, attackedMs: 1, ratio: 1 };
  const report = { opened: 1, closed: 1, answers: {}, checked: 9, storedUnanswered, believed };
  return { attack, request: 'push', median: same, p99: same, failed, memoryGrowthBytes: 0, report };
}

it.each<[string, Seen, string]>([
  ['burst of pushes', { storedUnanswered: 2 }, 'burst of pushes: 2 pushes without an answer were stored'],
  ['doubtful framing', { believed: 3 }, 'doubtful framing: 3 requests with doubtful framing were believed'],
  ['wrong keys', { failed: [0, 4] }, 'wrong keys: 4 honest requests failed (push)'],
])('%s that does harm is a problem, told once', (attack, seen, problem) => {
  expect(attackProblems([row(attack, seen), row(attack, seen)])).toEqual([problem]);
});

it.each<[string, string, Seen]>([
  ['half-closed connections during commits', 'half-closed push', { storedUnanswered: 2 }],
  ['requests that fail without the attack too', 'slow bodies', { failed: [1, 4] }],
  ['no harm', 'burst of pushes', {}],
])('%s are no problem', (_case, attack, seen) => {
  expect(attackProblems([row(attack, seen)])).toEqual([]);
});
