import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { LoginNews } from '../../../../server/accounts/login-news.js';
import { LoginThrottle } from '../../../../server/accounts/passwords/login-throttle.js';

function failing(times: number, address: (i: number) => string, name: string | undefined): LoginThrottle {
  const throttle = new LoginThrottle();
  for (let i = 0; i < times; i++) throttle.recordFailure(address(i), name);
  return throttle;
}

const HOUR_MS = 60 * 60 * 1000;

/** Stops the clock of the counts. @returns lets time pass */
function heldClock(): (ms: number) => void {
  let nowMs = performance.now();
  // lru-cache keeps the object that it read the time from when it was loaded, and each time for a moment.
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
  return (ms) => {
    nowMs += ms;
    vi.advanceTimersByTime(ms);
  };
}

describe('the login throttle', () => {
  it('counts failures by address', () => {
    expect(failing(99, () => '192.0.2.1', undefined).isThrottled('192.0.2.1', 'anna')).toBe(false);
    const throttle = failing(100, () => '192.0.2.1', undefined);
    expect(throttle.isThrottled('192.0.2.1', 'anna')).toBe(true);
    expect(throttle.isThrottled('192.0.2.2', 'anna')).toBe(false);
  });

  it('counts failures by name, from all addresses together', () => {
    const throttle = failing(50, (i) => `192.0.2.${String(i)}`, 'anna');
    expect(throttle.isThrottled('198.51.100.1', 'anna')).toBe(true);
    expect(throttle.isThrottled('198.51.100.1', 'berta')).toBe(false);
    expect(failing(49, (i) => `192.0.2.${String(i)}`, 'anna').isThrottled('198.51.100.1', 'anna')).toBe(
      false,
    );
  });

  it('counts all addresses of an IPv6 network together', () => {
    const throttle = failing(100, (i) => `2001:db8:0:1:0:0:0:${i.toString(16)}`, undefined);
    expect(throttle.isThrottled('2001:db8:0:1:ffff:0:0:1', undefined)).toBe(true);
    expect(throttle.isThrottled('2001:db8:0:2:0:0:0:1', undefined)).toBe(false);
  });

  it('tells of a name at an address once an hour, however often it logs in', () => {
    const pass = heldClock();
    const told: LoginNews[] = [];
    const throttle = new LoginThrottle((news) => void told.push(news));
    for (let minute = 0; minute < 60; minute++) {
      throttle.recordSuccess('192.0.2.1', 'anna');
      throttle.recordSuccess('192.0.2.2', 'anna');
      pass(HOUR_MS / 60);
    }
    expect(told).toHaveLength(2);
    throttle.recordSuccess('192.0.2.1', 'anna');
    expect(told).toHaveLength(3);
  });

  it('keeps a name familiar for two days after its last login, within an hour', () => {
    const pass = heldClock();
    const throttle = new LoginThrottle();
    for (let i = 0; i < 100; i++) throttle.recordSuccess('192.0.2.1', 'anna');
    pass(23 * HOUR_MS);
    throttle.recordSuccess('192.0.2.1', 'anna');
    pass(47 * HOUR_MS);
    for (let i = 0; i < 50; i++) throttle.recordFailure('198.51.100.1', 'anna');
    expect(throttle.isThrottled('192.0.2.1', 'anna')).toBe(false);
    pass(HOUR_MS + 1);
    for (let i = 0; i < 50; i++) throttle.recordFailure('198.51.100.1', 'anna');
    expect(throttle.isThrottled('192.0.2.1', 'anna')).toBe(true);
  });
});
