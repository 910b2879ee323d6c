import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { LoopTurns } from '../../../server/http/loop-turns.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setImmediate'] });
  onTestFinished(() => void vi.useRealTimers());
});

it('a request that fails at the end of a turn keeps no other one from going on, and its error is thrown', () => {
  const turns = new LoopTurns();
  const done: string[] = [];
  const failing = {
    goOn: () => {
      throw new Error('cannot be sent');
    },
  };
  turns.enter();
  turns.atEnd({ goOn: () => void done.push('first') });
  turns.atEnd(failing);
  turns.atEnd({ goOn: () => void done.push('third') });
  turns.atNextEnd({ goOn: () => void done.push('next turn') });
  expect(() => vi.advanceTimersToNextTimer()).toThrow('cannot be sent');
  expect(done).toEqual(['first', 'third']);
  vi.advanceTimersToNextTimer();
  expect(done).toEqual(['first', 'third', 'next turn']);
});
