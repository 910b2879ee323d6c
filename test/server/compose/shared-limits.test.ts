import { expect, it, onTestFinished, vi } from 'vitest';
import { SharedLimits, seedSharedLimits } from '../../../server/compose/shared-limits.js';

it('news of a login that was checked while its thread closed are not sent', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const limits = new SharedLimits(seedSharedLimits(), 2);
  const news = { kind: 'registration', address: '192.0.2.1' } as const;
  limits.close();
  limits.accounts?.channel.send(news);
  expect(vi.getTimerCount()).toBe(0);
});
