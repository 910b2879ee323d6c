import { describe, expect, it } from 'vitest';
import { readAccountCredentials } from '../../../../../server/http/routes/kosync/credential-headers.js';
import { passwordKeyOf } from '../../../../../server/accounts/passwords/password-key.js';

const key = passwordKeyOf('password');
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
const readBasic = (authorization: string) =>
  readAccountCredentials({ user: undefined, isUserLost: false, key: undefined, authorization });

describe('account credentials in HTTP Basic', () => {
  it('have the MD5 of the plain password for their key', () => {
    expect(readBasic(basic('anna:password'))).toEqual({ name: 'anna', mayBeCut: false, key });
    expect(readBasic(basic('José:a:b'))).toEqual({
      name: 'José',
      mayBeCut: false,
      key: passwordKeyOf('a:b'),
    });
    expect(readBasic(basic('José:a'.normalize('NFD')))?.name).toBe('José');
    expect(readBasic(basic('anna:password').replace('Basic', 'bASIC'))?.name).toBe('anna');
  });

  it.each(['', 'Basic', 'Basic ', 'Bearer abc', 'Basic !!!', basic('anna'), basic(':x'), basic('anna:')])(
    'are not read from %j',
    (header) => {
      expect(readBasic(header)).toBeUndefined();
    },
  );
});

describe("account credentials in KOReader's headers", () => {
  const authorization = basic('berta:other');

  it('come before HTTP Basic', () => {
    const headers = { user: 'anna', isUserLost: false, key };
    const expected = { name: 'anna', mayBeCut: true, key };
    expect(readAccountCredentials({ ...headers, authorization })).toEqual(expected);
  });

  it.each([
    ['without a key', 'anna', undefined],
    ['with an empty key', 'anna', ''],
    ['with an overlong key', 'anna', 'x'.repeat(129)],
    ['without a name', undefined, key],
  ])('are ignored %s', (_case, user, sentKey) => {
    const headers = { user, isUserLost: false, key: sentKey };
    expect(readAccountCredentials({ ...headers, authorization })?.name).toBe('berta');
    expect(readAccountCredentials({ ...headers, authorization: undefined })).toBeUndefined();
  });

  it('whose name was lost on the way say so, unless Basic has it', () => {
    const lost = { user: undefined, isUserLost: true, key };
    expect(readAccountCredentials({ ...lost, authorization })?.name).toBe('berta');
    expect(() => readAccountCredentials({ ...lost, authorization: undefined })).toThrow('of the user name');
    const none = { ...lost, isUserLost: false, authorization: undefined };
    expect(readAccountCredentials(none)).toBeUndefined();
  });
});
