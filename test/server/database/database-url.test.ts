import { describe, expect, it } from 'vitest';
import { serverName } from '../../../config/database-url.js';
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
      servers: [{ host: 'db.example', port: 3307 }],
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
      servers: [{ host: '::1', port: 3306 }],
      socketPath: '/run/my.sock',
    });
  });

  it.each([
    ['db1,db2:3307', ['db1:3306', 'db2:3307']],
    ['[2001:db8::1]:3307,[::1],192.0.2.1', ['[2001:db8::1]:3307', '[::1]:3306', '192.0.2.1:3306']],
    ['', ['localhost:3306']],
  ])('reads the servers of a cluster: %j', (servers, names) => {
    expect(serversOf(`mysql://u:p@${servers}/books`)).toEqual(names);
  });

  it('puts the server for writing first', () => {
    expect(serversOf('mysql://u:p@db1,db2,db3/books?write=db2:3306')).toEqual([
      'db2:3306',
      'db1:3306',
      'db3:3306',
    ]);
  });

  it.each([
    'postgres://x/y',
    'sqlite:',
    'mysql://host',
    'mysql://',
    'dogear.db',
    '',
    'mysql://db1,,db2/books',
    'mysql://db1,db1:3306/books',
    'mysql://db1;db2/books',
    'mysql://db1,db2/books?write=db3',
    'mysql://::1/books',
    'mysql://db1:99999/books',
    `mysql://${Array.from({ length: 17 }, (_, number) => `db${String(number)}`).join(',')}/books`,
  ])('refuses %j', (url) => {
    expect(() => parseDatabaseUrl(url)).toThrow(expect.objectContaining({ code: 'bad-database-url' }));
  });

  it('does not repeat a password in its message', () => {
    expect(() => parseDatabaseUrl('mysql://u:secret@:bad port/x')).toThrow(/^((?!secret).)*$/);
  });
});

function serversOf(url: string): readonly string[] {
  const location = parseDatabaseUrl(url);
  return location.dialect === 'mysql' ? location.servers.map(serverName) : [];
}
