import { describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from '../../../server/database/database-url.js';

describe('parseDatabaseUrl', () => {
  it.each([
    ['sqlite:/var/lib/dogear.db', '/var/lib/dogear.db'],
    ['sqlite:dogear.db', 'dogear.db'],
    ['sqlite:///var/lib/dogear.db', '/var/lib/dogear.db'],
  ])('reads %s', (url, file) => {
    expect(parseDatabaseUrl(url)).toEqual({ dialect: 'sqlite', file });
  });

  it('reads all parts of a MySQL URL and decodes percent-encoding', () => {
    expect(parseDatabaseUrl('mysql://do%40g:p%2Fw@db.example:3307/books?tls=true')).toEqual({
      dialect: 'mysql',
      host: 'db.example',
      port: 3307,
      user: 'do@g',
      password: 'p/w',
      database: 'books',
      socketPath: undefined,
      tls: true,
    });
  });

  it('accepts mariadb://, an IPv6 host and a socket file', () => {
    expect(parseDatabaseUrl('mariadb://root@[::1]/books?socket=/run/my.sock')).toMatchObject({
      dialect: 'mysql',
      host: '::1',
      port: 3306,
      socketPath: '/run/my.sock',
    });
  });

  it.each(['postgres://x/y', 'sqlite:', 'mysql://host', 'mysql://', 'dogear.db', ''])('refuses %j', (url) => {
    expect(() => parseDatabaseUrl(url)).toThrow(expect.objectContaining({ code: 'bad-database-url' }));
  });

  it('does not repeat a password in its message', () => {
    expect(() => parseDatabaseUrl('mysql://u:secret@:bad port/x')).toThrow(/^((?!secret).)*$/);
  });
});
