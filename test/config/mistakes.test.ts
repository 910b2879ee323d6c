import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ConfigurationError } from '../../config/configuration-problem.js';
import { type ConfigurationFolder, configurationFolder } from './configuration-folder.js';

let folder: ConfigurationFolder;
beforeAll(async () => {
  folder = await configurationFolder();
});

it('are all listed at once, each with file, line, column, path, what was found and what is expected', () => {
  const text = `# All that can be wrong in a file
database:
  url: postgres://dogear:geheim@db/dogear
  connections: 0
  conections: 5
engine: fast
servre:
  port: 1
log:
  level: loud
  level: info
server:
  port: "8080"
  baseUrl: /x
  listeners: 1.5
  public_url: https://me:geheim@example.org
  tls:
    key: key.pem
  trusted_proxies:
    - loopback
    - 10.0.0.0/33
    - [10.0.0.1]
  host:
metrics.access: open
port: 80
enable_koreader_sync: yes
? [a, b]
: 1
`;
  const environment = {
    DOGEAR_JOBS: 'many',
    DOGEAR_DATABASE: 'x',
    DOGEAR_SERVER_PROT: '',
    DOGEAR_SERVER_PORT: '70000',
    DOGEAR_TEST_MYSQL_URL: 'mysql://root@localhost',
  };
  const flags = [
    { flag: '--jobs', text: '0' },
    { flag: '--set', text: 'server.prot=1' },
    { flag: '--set', text: 'port=1' },
    { flag: '--set', text: 'mysql://u:geheim@h' },
    { flag: '--database', text: 'mysql://u:geheim@h' },
  ];
  const database =
    'sqlite:FILE or mysql://USER:PASSWORD@HOST:PORT/DATABASE (also mariadb://; several HOST:PORT with commas ' +
    'between; ?tls=true, ?socket=PATH and ?write=HOST:PORT may follow; special characters of a password percent-encoded)';
  const proxies = 'a list of at most 100 IP addresses, networks such as 10.0.0.0/8, or the word loopback';
  const top = 'one of database, engine, library, log, server, enable_koreader_sync, sync, console, metrics';
  expect(folder.problems(text, { environment, flags })).toEqual([
    `dogear.yaml:3:8: database.url: found "postgres://***", expected ${database}`,
    'dogear.yaml:4:16: database.connections: found 0, expected a whole number of connections from 1 to 200',
    'dogear.yaml:5:3: database.conections: expected one of url, url_file, hosts, connections (did you mean connections?)',
    'dogear.yaml:6:9: engine: found "fast", expected a mapping with jobs, md5, reads',
    `dogear.yaml:7:1: servre: expected ${top} (did you mean server?)`,
    'dogear.yaml:10:10: log.level: found "loud", expected trace, debug, info, warn, error, fatal or silent',
    'dogear.yaml:11:3: log.level: expected every name once (it is in line 10 already)',
    'dogear.yaml:13:9: server.port: found "8080", expected a whole number from 0 to 65,535',
    'dogear.yaml:14:3: server.baseUrl: expected one of host, port, base_url, public_url, tls, listeners, ' +
      'trusted_proxies, hosts, cors_origins, body_limit_bytes, shutdown_seconds (did you mean base_url?)',
    'dogear.yaml:15:14: server.listeners: found 1.5, expected a whole number of threads from 1 to 64',
    'dogear.yaml:16:15: server.public_url: found "https://***@example.org", expected a URL such as ' +
      'https://books.example.org/dogear, without user, query and fragment',
    'dogear.yaml:18:10: server.tls.key: expected server.tls.certificate to be set as well',
    `dogear.yaml:21:7: server.trusted_proxies[1]: found "10.0.0.0/33", expected ${proxies}`,
    `dogear.yaml:22:7: server.trusted_proxies[2]: found a mapping, expected ${proxies}`,
    'dogear.yaml:23:3: server.host: found nothing, expected an IP address or a host name',
    `dogear.yaml:24:1: metrics.access: expected ${top} (did you mean metrics: { access: … }?)`,
    `dogear.yaml:25:1: port: expected ${top} (did you mean server: { port: … }?)`,
    'dogear.yaml:26:23: enable_koreader_sync: found "yes", expected true or false',
    `dogear.yaml:27:3: "a list or mapping": expected ${top}`,
    'environment DOGEAR_JOBS: engine.jobs: found "many", expected auto, or a whole number of threads from 1 to 256',
    'environment DOGEAR_SERVER_PORT: server.port: found 70000, expected a whole number from 0 to 65,535',
    'environment DOGEAR_DATABASE: expected the name of a setting after DOGEAR_ (did you mean DOGEAR_DATABASE_URL?)',
    'environment DOGEAR_SERVER_PROT: expected the name of a setting after DOGEAR_ (did you mean DOGEAR_SERVER_PORT?)',
    'flag --jobs: engine.jobs: found 0, expected auto, or a whole number of threads from 1 to 256',
    `flag --database: database.url: found "mysql://***", expected ${database}`,
    'flag --set: server.prot: expected the path of a setting, such as server.port (did you mean server.port?)',
    'flag --set: port: expected the path of a setting, such as server.port (did you mean server.port?)',
    'flag --set: found "mysql://***@h", expected SETTING=VALUE',
  ]);
});

describe('of YAML itself', () => {
  it.each([
    ['- server\n- engine\n', '1:1: found a list, expected "name: value" lines with'],
    ['just a text\n', '1:1: found a text or number alone, expected "name: value" lines with'],
    ['server:\n\tport: 1\n', '2:1: expected spaces in place of the tab'],
    ['server: {port: 1\n', '2:1: expected lines of one mapping indented alike'],
    ['log: {}\n---\nlog: {}\n', '2:1: expected one YAML document'],
    ['database:\n  url: !secret geheim\n', '2:8: expected a value without a tag'],
    ['database:\n  url: *geheim\n', '2:8: expected the name of an anchor that was set before'],
    [
      'database:\n  url: @geheim\n',
      '2:8: expected quotes around a text that begins with a special character',
    ],
    ['database:\n  url: "geheim\n', ': expected a missing character'],
    ['server: a: 1\n', ': expected one "name: value" on a line'],
  ])('%j', (text, problem) => {
    const [first = ''] = folder.problems(text);
    expect(first).toContain(`dogear.yaml:${problem.replace(/^:/, '')}`.replace('dogear.yaml: ', ''));
    expect(first).toMatch(/^dogear\.yaml:\d+:\d+: /);
    expect(folder.problems(text).join('\n')).not.toContain('geheim');
  });
});

it('what is nested beyond all reason is a mistake like any other', () => {
  for (const bracket of ['[', '- ', '? ', '{a: ', '[{? - ']) {
    expect(folder.problems(`log: {}\n${bracket.repeat(20_000)}`)[0], bracket).toMatch(
      /^dogear\.yaml:2:\d+: expected lists and mappings that are less deeply nested$/,
    );
  }
  const nested = Array.from({ length: 40 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n');
  expect(folder.problems(nested)).toEqual([
    'dogear.yaml:32:32: expected lists and mappings that are less deeply nested',
  ]);
});

it('names that every object has are no settings', () => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    expect(folder.problems(`${name}: {}\n`)[0]).toContain(
      `dogear.yaml:1:1: ${name}: expected one of database`,
    );
    expect(folder.problems(undefined, { flags: [{ flag: '--set', text: `${name}=1` }] }).at(-1)).toContain(
      `flag --set: ${name}: expected the path of a setting`,
    );
  }
});

it('aliases are followed, also into what they stand in', () => {
  expect(
    folder.load('engine: {jobs: &n 4}\ndatabase: {connections: *n}\n').configuration.database.connections,
  ).toBe(4);
  expect(folder.problems('server: &s {tls: *s}\n')).toEqual([
    'dogear.yaml:1:13: server.tls.tls: expected one of certificate, key',
  ]);
});

it('wrong addresses of databases are told from right ones', () => {
  const wrong = [
    '',
    'dogear.db',
    'sqlite:',
    'sqlite::memory:',
    'sqlite://host/x.db',
    'mysql:dogear',
    'mysql://h',
    'mysql://h/',
    'mysql://h/a/b',
    'mysql://u:/p@h',
    'mysql://h/d?ssl=1',
    'mysql://h/d?tls=yes',
    'mysql://h/d#f',
    'mysql://u:p#a@h/d',
    'mysql://h/a b',
    'mysql://h:port/d',
    'mysql://u:%zz@h/d',
    'http://h/d',
    'mysql://h/d?socket=',
  ];
  for (const url of wrong) expect(folder.problems(stringify({ database: { url } })), url).toHaveLength(1);
  const right = {
    'sqlite:///x/y.db': 'sqlite:/x/y.db',
    'sqlite:./a b.db': `sqlite:${folder.path}/a b.db`,
    'mysql://u:p%23@h:1/d?socket=/run/s&tls=false': 'mysql://u:p%23@h:1/d?socket=/run/s&tls=false',
    'mariadb://[::1]/d': 'mysql://[::1]/d',
  };
  for (const [url, normal] of Object.entries(right)) {
    expect(folder.load(stringify({ database: { url } })).configuration.database.url).toBe(normal);
  }
});

it('wrong paths, addresses and networks are told from right ones', () => {
  const cases: Record<string, { readonly right: readonly string[]; readonly wrong: readonly string[] }> = {
    'server.base_url': {
      right: ['/', '', 'a', '/a/b.c/'],
      wrong: ['//', '/a//b', '/a?b', '/a#b', '/../a', 'http://h/', '/ä', '/%61'],
    },
    'server.public_url': {
      right: ['http://h', 'https://h:1/a/'],
      wrong: ['h', 'ftp://h', 'http://h?a', 'http://', 'http://a@h', ''],
    },
    'server.host': {
      right: ['::', 'localhost', 'a-b.example'],
      wrong: ['', '256.0.0.1', '[::1]', 'a_b', '-a', 'h:80', 'a..b'],
    },
    'server.trusted_proxies': {
      right: ['', '1.2.3.4', '::/0', '1.2.3.4/32'],
      wrong: ['h', '1.2.3.4/', '1.2.3/8', '::/129', '1.2.3.4/8/8', 'loopback,'],
    },
    'server.cors_origins': {
      right: ['', '*', 'http://localhost:3000', 'https://[::1]:8443', 'capacitor://localhost'],
      wrong: [
        'h',
        'https://h/path',
        'https://h?a',
        'https://a@h',
        'https://*.h',
        'https://',
        'null',
        'https://h,',
      ],
    },
    'engine.jobs': { right: ['auto', '1', '256'], wrong: ['0', '257', '-1', '1.5', '', '1e2', ' 1'] },
  };
  for (const [setting, { right, wrong }] of Object.entries(cases)) {
    expect(
      right.filter((text) => !accepts(setting, text)),
      setting,
    ).toEqual([]);
    expect(
      wrong.filter((text) => accepts(setting, text)),
      setting,
    ).toEqual([]);
  }
});

function accepts(setting: string, text: string): boolean {
  try {
    folder.load('', { flags: [{ flag: '--set', text: `${setting}=${text}` }] });
    return true;
  } catch (error) {
    if (error instanceof ConfigurationError) return false;
    throw error;
  }
}

it('patterns of cron are told from other texts, and from those that name no time', () => {
  const problems = (pattern: string): number =>
    folder.problems(stringify({ library: { schedule: pattern } }), {}).length;
  for (const pattern of ['0 3 * * *', '*/15 8-18 * * MON-FRI', '30 4 1 JAN *']) {
    expect(folder.load(stringify({ library: { schedule: pattern } })).configuration.library.schedule).toBe(
      pattern,
    );
  }
  for (const pattern of ['', 'daily', '0 3 * *', '60 3 * * *', '* * * * * *', '0 0 30 2 *']) {
    expect([pattern, problems(pattern)]).toEqual([pattern, 1]);
  }
});
