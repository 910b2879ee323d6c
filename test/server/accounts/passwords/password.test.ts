import { afterEach, describe, expect, it, vi } from 'vitest';
import { PasswordCheck } from '../../../../server/accounts/passwords/password-check.js';
import { parsePasswordKey, passwordKeyOf } from '../../../../server/accounts/passwords/password-key.js';
import { hashPasswordKey, passwordKeyMatches } from '../../../../server/accounts/passwords/scrypt-hash.js';
import { userId } from '../../../../server/domain/ids.js';

const key = passwordKeyOf('password');

describe('a password key', () => {
  it('is the lowercase hex MD5 that KOReader sends', () => {
    expect(key).toBe('5f4dcc3b5aa765d61d8327deb882cf99');
  });

  it.each([undefined, 7, '', 'x'.repeat(129)])('is not read from %j', (value) => {
    expect(parsePasswordKey(value)).toBeUndefined();
  });

  it('is stored under scrypt with its parameters, salted', async () => {
    const stored = await hashPasswordKey(key);
    expect(stored).toMatch(/^\$scrypt\$ln=14,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await hashPasswordKey(key)).not.toBe(stored);
    expect(await passwordKeyMatches(key, stored)).toBe(true);
    expect(await passwordKeyMatches(passwordKeyOf('Password'), stored)).toBe(false);
  });

  it('is checked with the parameters of the stored hash', async () => {
    // RFC 7914 has no vector with 16 bytes of salt. This one was made with Python's hashlib.scrypt.
    const stored = '$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$21weWrt6YS62X68wObl8MpvPwnXr9AdO3AIDLMpGQ2o';
    expect(await passwordKeyMatches(key, stored)).toBe(true);
  });

  it.each([
    '',
    'plain',
    '$scrypt$ln=40,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$21weWrt6YS62X68wObl8MpvPwnXr9AdO3AIDLMpGQ2o',
  ])('does not match a stored text that is not a hash: %s', async (stored) => {
    expect(await passwordKeyMatches(key, stored)).toBe(false);
  });
});

describe('checking passwords', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('caches verified credentials for a day after their last use, and wrong ones for an hour after their check', async () => {
    let nowMs = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const hours = async (count: number) => {
      nowMs += count * 3_600_000;
      // The cache reads the clock at most once a millisecond.
      await new Promise((resolve) => setTimeout(resolve, 10));
    };
    const passwords = new PasswordCheck();
    const user = { id: userId(1), passwordHash: await hashPasswordKey(key) };
    const wrong = { name: 'anna', user, key: passwordKeyOf('wrong'), isThrottled: false };
    await passwords.check({ name: 'anna', user, key, isThrottled: false });
    expect(await passwords.check(wrong)).toBe('mismatch');
    await hours(0.9);
    expect(await passwords.check(wrong)).toBe('mismatch-again');
    await hours(0.2);
    expect(await passwords.check(wrong)).toBe('mismatch');
    for (let day = 0; day < 3; day++) {
      await hours(20);
      expect(passwords.isVerified(user, key)).toBe(true);
    }
    await hours(25);
    expect(passwords.isVerified(user, key)).toBe(false);
  });

  it('counts wrong credentials once that are sent again, later or at the same time', async () => {
    const passwords = new PasswordCheck();
    const user = { id: userId(1), passwordHash: await hashPasswordKey(passwordKeyOf('other')) };
    const attempt = { name: 'anna', user, key, isThrottled: false };
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => passwords.check(attempt)));
    expect(verdicts.filter((verdict) => verdict === 'mismatch')).toHaveLength(1);
    expect(await passwords.check({ ...attempt, isThrottled: true })).toBe('mismatch-again');
    // A wrong key for the old password may be the right one for the new password.
    const changed = { ...user, passwordHash: await hashPasswordKey(key) };
    expect(await passwords.check({ ...attempt, user: changed })).toBe('match');
  });

  it('caches verified credentials only for the stored hash that they were verified against', async () => {
    const passwords = new PasswordCheck();
    const user = { id: userId(1), passwordHash: await hashPasswordKey(key) };
    expect(passwords.isVerified(user, key)).toBe(false);
    expect(await passwords.check({ name: 'anna', user, key, isThrottled: false })).toBe('match');
    expect(passwords.isVerified(user, key)).toBe(true);
    expect(passwords.isVerified({ ...user, id: userId(2) }, key)).toBe(false);
    expect(passwords.isVerified(user, passwordKeyOf('other'))).toBe(false);

    const changed = { ...user, passwordHash: await hashPasswordKey(passwordKeyOf('new')) };
    expect(passwords.isVerified(changed, key)).toBe(false);
    expect(await passwords.check({ name: 'anna', user: changed, key, isThrottled: false })).toBe('mismatch');
    expect(passwords.isVerified(changed, key)).toBe(false);
  });

  it('never finds a match for a user who does not exist', async () => {
    const passwords = new PasswordCheck();
    expect(await passwords.check({ name: 'anna', user: undefined, key, isThrottled: false })).toBe(
      'mismatch',
    );
    expect(passwords.verifiedCount).toBe(0);
  });

  it('checks one key for many unknown names as often as for known names', async () => {
    const passwords = new PasswordCheck();
    const verdicts = Array.from({ length: 5 }, (_, i) =>
      passwords.check({ name: `nobody ${String(i)}`, user: undefined, key, isThrottled: true }),
    );
    expect((await Promise.all(verdicts)).filter((verdict) => verdict === 'busy')).toHaveLength(2);
  });

  it('hashes the passwords of registrations in a queue of their own', async () => {
    const passwords = new PasswordCheck();
    const user = { id: userId(1), passwordHash: await hashPasswordKey(key) };
    const hashes = Array.from({ length: 20 }, () => passwords.hashForRegistration(key));
    const started = hashes.filter((hash) => hash !== undefined);
    expect(started).toHaveLength(9);
    let isHashed = false;
    void Promise.all(started).then(() => (isHashed = true));
    expect(await passwords.check({ name: 'anna', user, key, isThrottled: false })).toBe('match');
    expect(isHashed).toBe(false);
    await Promise.all(started);
  });

  it('bounds the queues, checks the same credentials on many connections once, and still checks throttled ones', async () => {
    const passwords = new PasswordCheck();
    const user = { id: userId(1), passwordHash: await hashPasswordKey(key) };
    const guesses = Array.from({ length: 20 }, (_, i) =>
      passwords.check({ name: 'anna', user, key: passwordKeyOf(`guess ${String(i)}`), isThrottled: true }),
    );
    const same = Array.from({ length: 1000 }, () =>
      passwords.check({ name: 'anna', user, key, isThrottled: false }),
    );
    expect(new Set(await Promise.all(same))).toEqual(new Set(['match']));
    const verdicts = await Promise.all(guesses);
    expect(verdicts.filter((verdict) => verdict === 'mismatch')).toHaveLength(3);
    expect(verdicts.filter((verdict) => verdict === 'busy')).toHaveLength(17);
    // The credentials are cached now, so the throttle does not matter.
    expect(await passwords.check({ name: 'anna', user, key, isThrottled: true })).toBe('match');
  });
});
