import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { describeConfiguration, settingDescriptions } from '../../config/describe.js';
import { allSettings } from '../../config/schema.js';
import type { FlagValue } from '../../config/text-settings.js';
import { type ConfigurationFolder, configurationFolder } from './configuration-folder.js';

let folder: ConfigurationFolder;
beforeEach(async () => {
  folder = await configurationFolder();
});

describe('without any source', () => {
  it('gives the defaults, with a database in the working folder', () => {
    const { configuration, effective } = folder.load(undefined);
    expect(configuration).toEqual({
      database: { url: `sqlite:${folder.path}/dogear.db`, url_file: undefined, hosts: [], connections: 10 },
      engine: { jobs: 'auto', md5: 'auto', reads: 'auto' },
      library: {
        change_check: 'full',
        metadata: true,
        schedule: undefined,
        watch: false,
        watch_quiet_seconds: 30,
      },
      log: { level: 'info', format: 'auto' },
      server: {
        host: '0.0.0.0',
        port: 8364,
        base_url: '/',
        public_url: undefined,
        tls: { certificate: undefined, key: undefined },
        listeners: 1,
        trusted_proxies: [],
        hosts: [],
        cors_origins: [],
        body_limit_bytes: 65_536,
        shutdown_seconds: 10,
      },
      enable_koreader_sync: false,
      sync: {
        unknown_documents: { api_key: 'reject', account: 'store' },
        registration: false,
        waiting_pushes: 10_000,
        documents_per_user: 100_000,
        devices_per_user: 1000,
        devices_per_document: 100,
        history: true,
        history_per_document: 200,
        history_per_user: 50_000,
        history_days: 400,
        unmatched_per_user: 500,
        unmatched_in_all: 50_000,
        keep_metadata: true,
      },
      console: { enabled: true, folder_roots: [] },
      metrics: { access: 'loopback' },
    });
    expect(new Set(effective.map(({ origin }) => origin.source))).toEqual(new Set(['default']));
    expect(effective.map(({ path }) => path)).toEqual([...allSettings.keys()]);
  });

  it.each(['', '\n\n', '# nothing\n', '---\n', 'null\n', 'server:\n  # port: 1\n', '\uFEFF'])(
    'and with a file that says nothing, %j',
    (text) => {
      expect(folder.load(text).configuration).toEqual(folder.load('').configuration);
    },
  );
});

it('prefers flags to the environment, the environment to the file, and the file to defaults', () => {
  const flags = [
    { flag: '--jobs', text: '5' },
    { flag: '--set', text: 'log.level=warn' },
    { flag: '--set', text: 'log.level=error' },
  ];
  const environment = { DOGEAR_JOBS: '4', DOGEAR_SERVER_PORT: '81', DOGEAR_LOG_FORMAT: '' };
  const text =
    'engine:\n  jobs: 3\n  md5: node-crypto\nserver: { port: 80 }\nlog: {level: debug, format: json}\n';
  const { configuration, effective } = folder.load(text, { flags, environment });
  expect(configuration.engine).toEqual({ jobs: 5, md5: 'node-crypto', reads: 'auto' });
  expect(configuration.server.port).toBe(81);
  expect(configuration.log).toEqual({ level: 'error', format: 'json' });
  const origins = new Map(effective.map(({ path, origin }) => [path, origin]));
  expect(origins.get('engine.jobs')).toEqual({ source: 'flag', flag: '--jobs' });
  expect(origins.get('log.level')).toEqual({ source: 'flag', flag: '--set' });
  expect(origins.get('server.port')).toEqual({ source: 'environment', name: 'DOGEAR_SERVER_PORT' });
  expect(origins.get('engine.md5')).toEqual({ source: 'file', file: 'dogear.yaml', line: 3, column: 8 });
  expect(origins.get('server.host')).toEqual({ source: 'default' });
});

it('takes every setting from the environment and from --set, in the same words', () => {
  const texts: Record<string, string> = {
    'database.url': 'mariadb://u@h:3307/d?tls=true',
    'database.hosts': 'db2, [::1]:3308',
    'database.connections': '7',
    'engine.jobs': '12',
    'engine.md5': 'wasm-simd',
    'engine.reads': 'io-uring',
    'library.change_check': 'mtime',
    'library.metadata': 'false',
    'library.schedule': '0 3 * * *',
    'library.watch': 'true',
    'library.watch_quiet_seconds': '5',
    'log.level': 'silent',
    'log.format': 'text',
    'server.host': '::1',
    'server.port': '0',
    'server.base_url': 'books/',
    'server.public_url': 'https://example.org/books/',
    'server.tls.certificate': 'cert.pem',
    'server.tls.key': '/etc/key.pem',
    'server.listeners': '2',
    'server.trusted_proxies': 'loopback, 10.0.0.0/8,fd00::/8',
    'server.hosts': 'books.example.org, Library.example.org',
    'server.cors_origins': 'https://Reader.example.org:443/, tauri://localhost',
    'server.body_limit_bytes': '1024',
    'server.shutdown_seconds': '11',
    enable_koreader_sync: 'TRUE',
    'sync.unknown_documents.api_key': 'store',
    'sync.unknown_documents.account': 'reject',
    'sync.registration': '1',
    'sync.waiting_pushes': '5',
    'sync.documents_per_user': '10',
    'sync.devices_per_user': '11',
    'sync.devices_per_document': '12',
    'sync.history': 'false',
    'sync.history_per_document': '20',
    'sync.history_per_user': '2000',
    'sync.history_days': '30',
    'sync.unmatched_per_user': '0',
    'sync.unmatched_in_all': '1000',
    'sync.keep_metadata': '0',
    'console.enabled': '0',
    'console.folder_roots': '/srv/books, /mnt',
    'metrics.access': 'open',
  };
  // It cannot stand beside database.url.
  const others = [...allSettings].filter(([path]) => path !== 'database.url_file');
  expect(Object.keys(texts)).toEqual(others.map(([path]) => path));
  const environment = Object.fromEntries(others.map(([path, setting]) => [setting.environment, texts[path]]));
  const flags = Object.entries(texts).map(([path, text]) => ({ flag: '--set', text: `${path}=${text}` }));
  const { configuration } = folder.load(undefined, { environment });
  expect(configuration).toEqual({
    database: {
      url: 'mysql://u@h:3307,db2,[::1]:3308/d?tls=true',
      url_file: undefined,
      hosts: ['db2', '[::1]:3308'],
      connections: 7,
    },
    engine: { jobs: 12, md5: 'wasm-simd', reads: 'io-uring' },
    library: {
      change_check: 'mtime',
      metadata: false,
      schedule: '0 3 * * *',
      watch: true,
      watch_quiet_seconds: 5,
    },
    log: { level: 'silent', format: 'text' },
    server: {
      host: '::1',
      port: 0,
      base_url: '/books',
      public_url: 'https://example.org/books',
      tls: { certificate: join(folder.path, 'cert.pem'), key: '/etc/key.pem' },
      listeners: 2,
      trusted_proxies: ['loopback', '10.0.0.0/8', 'fd00::/8'],
      hosts: ['books.example.org', 'Library.example.org'],
      cors_origins: ['https://reader.example.org', 'tauri://localhost'],
      body_limit_bytes: 1024,
      shutdown_seconds: 11,
    },
    enable_koreader_sync: true,
    sync: {
      unknown_documents: { api_key: 'store', account: 'reject' },
      registration: true,
      waiting_pushes: 5,
      documents_per_user: 10,
      devices_per_user: 11,
      devices_per_document: 12,
      history: false,
      history_per_document: 20,
      history_per_user: 2000,
      history_days: 30,
      unmatched_per_user: 0,
      unmatched_in_all: 1000,
      keep_metadata: false,
    },
    console: { enabled: false, folder_roots: ['/srv/books', '/mnt'] },
    metrics: { access: 'open' },
  });
  expect(folder.load(undefined, { flags }).configuration).toEqual(configuration);
});

describe('database.url_file', () => {
  const SECRET = 'mysql://dogear:geheim@db.example.org/dogear';

  it('names a file whose first line is the database, beside the file that names it', () => {
    mkdirSync(join(folder.path, 'etc'));
    writeFileSync(join(folder.path, 'etc/dogear.yaml'), 'database: {url_file: secrets/url}');
    mkdirSync(join(folder.path, 'etc/secrets'));
    const path = join(folder.path, 'etc/secrets/url');
    writeFileSync(path, `${SECRET}\nmore\n`);
    const loaded = folder.load(undefined, { configFile: 'etc/dogear.yaml' });
    expect(loaded.configuration.database).toMatchObject({ url: SECRET, url_file: path });
    expect(describeConfiguration(loaded)).not.toContain('geheim');
    expect(settingDescriptions(loaded)[0]).toMatchObject({
      path: 'database.url',
      value: 'mysql://dogear:***@db.example.org/dogear',
      origin: { source: 'file', file: path },
    });
    writeFileSync(path, 'sqlite:here.db');
    expect(folder.load(undefined, { configFile: 'etc/dogear.yaml' }).configuration.database.url).toBe(
      `sqlite:${folder.path}/etc/secrets/here.db`,
    );
  });

  it('counts where no stronger source gives database.url', () => {
    writeFileSync(join(folder.path, 'url'), SECRET);
    const environment = { DOGEAR_DATABASE_URL_FILE: 'url' };
    const urlOf = (text: string | undefined, flags: readonly FlagValue[] = []): string =>
      folder.load(text, { environment, flags }).configuration.database.url;
    expect(urlOf('database: {url: "sqlite:/x.db"}')).toBe(SECRET);
    expect(urlOf(undefined, [{ flag: '--database', text: 'sqlite:/x.db' }])).toBe('sqlite:/x.db');
    const both = { ...environment, DOGEAR_DATABASE_URL: 'sqlite:/x.db' };
    expect(folder.problems(undefined, { environment: both })).toEqual([
      'environment DOGEAR_DATABASE_URL_FILE: database.url_file: expected no database.url beside it',
    ]);
  });

  it('is reported with its mistakes, without the secret', () => {
    const flags = [{ flag: '--set', text: 'database.url_file=url' }];
    expect(folder.problems(undefined, { flags })).toEqual([
      'flag --set: database.url_file: expected a file that exists',
    ]);
    writeFileSync(join(folder.path, 'url'), 'mysql://dogear:geheim@/');
    const [problem] = folder.problems(undefined, { flags });
    expect(problem).toMatch(
      /url:1:1: database\.url: found "mysql:\/\/\*\*\*", expected sqlite:FILE or mysql/,
    );
  });
});

describe('database.hosts', () => {
  const load = (url: string, hosts: string): string =>
    folder.load(undefined, { environment: { DOGEAR_DATABASE_URL: url, DOGEAR_DATABASE_HOSTS: hosts } })
      .configuration.database.url;

  it('stand behind the servers of the URL, which may name none or some of them', () => {
    expect(load('mysql://u:p@db1/d', 'db2:3307,[2001:db8::2]')).toBe(
      'mysql://u:p@db1,db2:3307,[2001:db8::2]/d',
    );
    expect(load('mysql://u:a%40b@db2,db1:3306/d?write=db1', 'db1, db2, db3')).toBe(
      'mysql://u:a%40b@db2,db1:3306,db3/d?write=db1',
    );
    expect(load('mysql://u@/d', 'db1,db2')).toBe('mysql://u@db1,db2/d');
    expect(load('mysql:///d', '')).toBe('mysql:///d');
  });

  it.each([
    ['sqlite:x.db', 'db1'],
    ['mysql://u:geheim@db1/d?socket=/run/mysqld.sock', 'db2'],
    ['mysql://u:geheim@db1/d', 'db2,db2'],
  ])('beside %s may not be %s, which is said without the password', (url, hosts) => {
    const environment = { DOGEAR_DATABASE_URL: url, DOGEAR_DATABASE_HOSTS: hosts };
    expect(folder.problems(undefined, { environment })).toEqual([
      'environment DOGEAR_DATABASE_HOSTS: database.hosts: expected a MySQL database without a socket in database.url, ' +
        'and at most 16 different servers in all',
    ]);
  });

  it('are names or addresses of servers', () => {
    const [problem] = folder.problems('database: {url: "mysql://u@db1/d", hosts: [db2, "db 3"]}');
    expect(problem).toMatch(/database\.hosts\[1\]: found "db 3", expected a list of at most 16 servers/);
    const [secret] = folder.problems('database: {url: "mysql://u@db1/d", hosts: ["u:geheim@db2"]}');
    expect(secret).toContain('database.hosts[0]: found "***@db2", expected');
  });
});

describe('the file', () => {
  it('is the one that --config names, else that of DOGEAR_CONFIG, else dogear.yaml', () => {
    mkdirSync(join(folder.path, 'etc'));
    writeFileSync(join(folder.path, 'etc/flag.yaml'), 'server: {port: 1}\ndatabase: {url: "sqlite:x.db"}');
    writeFileSync(join(folder.path, 'environment.yaml'), 'server: {port: 2}');
    const environment = { DOGEAR_CONFIG: 'environment.yaml' };
    const { configuration } = folder.load('server: {port: 3}', { configFile: 'etc/flag.yaml', environment });
    expect(configuration.server.port).toBe(1);
    // Relative to the folder of the file that says it.
    expect(configuration.database.url).toBe(`sqlite:${folder.path}/etc/x.db`);
    expect(folder.load(undefined, { environment }).configuration.server.port).toBe(2);
    expect(folder.load(undefined, { environment: { DOGEAR_CONFIG: '' } }).configuration.server.port).toBe(3);
  });

  it('must be a readable text file when it is named', () => {
    expect(folder.problems(undefined, { configFile: 'none.yaml' })).toEqual([
      'none.yaml:1:1: expected a file that exists',
    ]);
    expect(folder.problems(undefined, { environment: { DOGEAR_CONFIG: folder.path } })).toEqual([
      `${folder.path}:1:1: expected a file`,
    ]);
    expect(folder.problems(Buffer.from([0x61, 0x3a, 0x20, 0xff]))).toEqual([
      'dogear.yaml:1:1: expected text in UTF-8',
    ]);
    expect(folder.problems('#'.repeat(1024 * 1024 + 1))).toEqual([
      'dogear.yaml:1:1: expected a file of at most 1048576 bytes',
    ]);
    // Reported together with the mistakes of the other sources.
    expect(
      folder.problems(undefined, { configFile: 'none', environment: { DOGEAR_JOBS: 'x' } }),
    ).toHaveLength(2);
  });
});

it('is frozen all through', () => {
  const loaded = folder.load('server: {trusted_proxies: [loopback]}');
  const look = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return;
    expect(Object.isFrozen(value), path).toBe(true);
    for (const [name, inner] of Object.entries(value)) look(inner, `${path}.${name}`);
  };
  look(loaded, 'loaded');
});

it('is described with origins and without secrets', () => {
  const text =
    'database:\n  url: mysql://dogear:geheim@db.example.org/dogear\nserver:\n  trusted_proxies: [loopback]\n';
  const loaded = folder.load(text, { environment: { ENABLE_KOREADER_SYNC: 'true' } });
  const lines = describeConfiguration(loaded).split('\n');
  expect(lines).toHaveLength(allSettings.size);
  expect(lines[0]).toMatch(
    /^database\.url +mysql:\/\/dogear:\*\*\*@db\.example\.org\/dogear +dogear\.yaml:2:8$/,
  );
  expect(lines).toContainEqual(
    expect.stringMatching(/^server\.trusted_proxies +\["loopback"\] +dogear\.yaml:4:20$/),
  );
  expect(lines).toContainEqual(
    expect.stringMatching(/^enable_koreader_sync +true +environment ENABLE_KOREADER_SYNC$/),
  );
  expect(lines).toContainEqual(expect.stringMatching(/^server\.public_url +\(not set\) +default$/));
  const descriptions = settingDescriptions(loaded);
  expect(descriptions[0]).toEqual({
    path: 'database.url',
    value: 'mysql://dogear:***@db.example.org/dogear',
    origin: { source: 'file', file: 'dogear.yaml', line: 2, column: 8 },
  });
  expect(JSON.parse(JSON.stringify(descriptions))).toEqual(descriptions);
  expect(JSON.stringify(descriptions) + lines.join('\n')).not.toContain('geheim');
  expect(loaded.configuration.database.url).toContain('geheim');
});
