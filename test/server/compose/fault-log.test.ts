import pino from 'pino';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { FaultLog } from '../../../server/compose/fault-log.js';

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

function faultLog(): { readonly log: FaultLog; readonly lines: unknown[] } {
  const lines: unknown[] = [];
  const stream = { write: (line: string) => lines.push(JSON.parse(line)) };
  return { log: new FaultLog(pino({ level: 'info', base: null, timestamp: false }, stream)), lines };
}

function coded(code: string, message = 'test'): Error {
  return Object.assign(new Error(message), { code });
}

it('each fault is logged at once and then every ten seconds with its number, until it does not happen any more', () => {
  const { log, lines } = faultLog();
  for (let i = 0; i < 1000; i++) log.note(coded('SQLITE_FULL', `failure ${String(i)}`));
  log.note(coded('ER_CON_COUNT_ERROR', 'Too many connections'));
  expect(lines).toMatchObject([
    {
      reason: 'disk-full',
      code: 'SQLITE_FULL',
      failures: 1,
      msg: expect.stringMatching(/failure 0.*Free space/),
    },
    {
      reason: 'too-many-connections',
      failures: 1,
      msg: expect.stringContaining('Raise its max_connections'),
    },
  ]);
  lines.length = 0;
  vi.advanceTimersByTime(10_000);
  expect(lines).toMatchObject([
    { reason: 'disk-full', failures: 999, msg: expect.stringContaining('failure 999') },
  ]);
  vi.advanceTimersByTime(60_000);
  expect(lines).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
  log.note(coded('SQLITE_FULL'));
  expect(lines).toHaveLength(2);
});

it('transactions in conflict are no fault, and errors of the program are not logged here', () => {
  const { log, lines } = faultLog();
  log.note(coded('ER_LOCK_DEADLOCK'));
  log.note(coded('ER_PARSE_ERROR', "near 'a secret'"));
  log.note(new Error('a defect'));
  expect(lines).toMatchObject([{ level: 30, reason: 'conflict', failures: 1 }]);
});
