import { expect, it, onTestFinished, vi } from 'vitest';
import { RareWarning } from '../../../server/compose/rare-warning.js';

it('what fails again and again is said once a minute for each cause, with how often it failed meanwhile', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const said: unknown[] = [];
  const warning = new RareWarning({ warn: (...line: unknown[]) => void said.push(line) }, 'not written');
  const failed = (code: string) => warning.note(Object.assign(new Error(`no: ${code}`), { code }));
  for (let second = 0; second < 60; second += 0.5) {
    failed('ER_DISK_FULL');
    vi.advanceTimersByTime(500);
  }
  failed('ER_LOCK_WAIT_TIMEOUT');
  expect(said).toEqual([
    [{ error: 'no: ER_DISK_FULL', failures: 1 }, 'not written'],
    [{ error: 'no: ER_LOCK_WAIT_TIMEOUT', failures: 1 }, 'not written'],
  ]);
  failed('ER_DISK_FULL');
  expect(said.at(-1)).toEqual([{ error: 'no: ER_DISK_FULL', failures: 120 }, 'not written']);
});
