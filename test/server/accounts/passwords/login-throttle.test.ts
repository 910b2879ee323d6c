import { describe, expect, it } from 'vitest';
import { LoginThrottle } from '../../../../server/accounts/passwords/login-throttle.js';

function failing(times: number, address: (i: number) => string, name: string | undefined): LoginThrottle {
  const throttle = new LoginThrottle();
  for (let i = 0; i < times; i++) throttle.recordFailure(address(i), name);
  return throttle;
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
});
