import { describe, expect, it } from 'vitest';
import {
  loginTextOf,
  loginTextsOf,
  parseLoginText,
  throttledName,
} from '../../../server/accounts/login-name.js';
import { headerFormOf, parseUserName } from '../../../server/accounts/user-name.js';

const ZWNJ = '\u200c';
const ZWJ = '\u200d';

describe('a user name', () => {
  it.each([
    'anna',
    'José',
    'Zoë',
    'Łukasz',
    '名前',
    'Борис',
    'محمد',
    `علی${ZWNJ}رضا`,
    `ශ්${ZWJ}රී`,
    '山田\u3000太郎',
    'Anna  Maria',
    "O'Brien",
    '😀',
    '\u{20bb7}野屋',
    'a'.repeat(64),
    '😀'.repeat(64),
    'é'.normalize('NFD').repeat(64),
  ])('may be %j', (name) => {
    expect(parseUserName(name)).toBe(name.normalize('NFC'));
  });

  it.each([
    ['nothing', ''],
    ['a colon', 'a:b'],
    ['only spaces', '  '],
    ['a space at the beginning', ' a'],
    ['a space at the end', 'a '],
    ['an ideographic space at the end', '名前\u3000'],
    ['a no-break space', 'a\u00a0b'],
    ['a line feed', 'a\nb'],
    ['an escape', '\u001b[31ma'],
    ['DEL', 'a\u007fb'],
    ['a C1 control character', 'a\u009b31mb'],
    ['a mark that turns the direction', 'a\u202eb'],
    ['an isolate', '\u2066a'],
    ['a line separator', 'a\u2028b'],
    ['a paragraph separator', 'a\u2029b'],
    ['a zero width space', 'a\u200bb'],
    ['a joiner between Latin letters', `an${ZWJ}na`],
    ['a joiner at the end', `علی${ZWNJ}`],
    ['two joiners', `علی${ZWNJ}${ZWNJ}رضا`],
    ['a byte order mark', '\ufeffa'],
    ['a soft hyphen', 'a\u00adb'],
    ['a Hangul filler', '\u3164'],
    ['a combining mark at the beginning', '\u0301a'],
    ['half of a surrogate pair', 'a\ud800'],
    ['a private character', '\ue000'],
    ['an unassigned character', '\u0378'],
    ['65 characters', 'a'.repeat(65)],
    ['very many characters', 'e\u0301'.repeat(100_000)],
  ])('is not %s', (_what, name) => {
    expect(parseUserName(name)).toBeUndefined();
  });

  it.each([
    ['anna', 'anna'],
    ['José', 'Jos'],
    ['Łukasz', 'ukasz'],
    ['Anna Ü. b', 'Anna Ü. b'],
    ['Ana é', 'Ana'],
    ['名前', ''],
    ['😀a😀', 'a'],
    ['', ''],
  ])('%j arrives in a header as %j', (name, arriving) => {
    expect(headerFormOf(name)).toBe(arriving);
  });
});

describe('the name of a login', () => {
  it.each([
    { name: 'José', mayBeCut: false },
    { name: 'Jos', mayBeCut: true },
  ])('is one text in caches: %j', (login) => {
    expect(parseLoginText(loginTextOf(login))).toEqual(login);
  });

  it('is forgotten in each form that it may have', () => {
    expect(loginTextsOf('José')).toEqual(['José', ':José', ':Jos']);
    expect(loginTextsOf('anna')).toEqual(['anna', ':anna']);
  });

  it('is counted once, whether it came whole or cut', () => {
    expect(throttledName({ name: 'José', mayBeCut: false })).toBe('Jos');
    expect(throttledName({ name: 'Jos', mayBeCut: true })).toBe('Jos');
    expect(throttledName({ name: '名前', mayBeCut: false })).toBe('名前');
  });
});
