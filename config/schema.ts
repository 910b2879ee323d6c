import { FLAG_SENTENCES } from './flags.js';
import { type Setting, type ValuesOf, setting, settingsByPath } from './setting.js';
import {
  autoOrWholeNumber,
  baseUrl,
  cronPattern,
  databaseServers,
  databaseUrl,
  file,
  folders,
  host,
  hosts,
  oneOf,
  origins,
  proxies,
  publicUrl,
  trueOrFalse,
  wholeNumber,
} from './value-kinds.js';

/**
 * Every setting of Dogear. The checks, the environment names, config/example.yaml and the output of `dogear config` are
 * made from this. A setting has the same name in the file, in messages and in the code.
 */
export const settings = {
  database: {
    url: setting(databaseUrl, {
      sentence: FLAG_SENTENCES['--database'],
      default: 'sqlite:dogear.db',
      environment: 'DOGEAR_DATABASE_URL',
      flag: '--database',
    }),
    url_file: setting(file, {
      sentence:
        'A file whose first line is the value of database.url, to keep a password out of other files.',
      default: undefined,
      environment: 'DOGEAR_DATABASE_URL_FILE',
    }),
    hosts: setting(databaseServers, {
      sentence:
        'More servers of the same cluster, which are tried after those of database.url; separated by commas in the environment.',
      default: [],
      environment: 'DOGEAR_DATABASE_HOSTS',
    }),
    connections: setting(wholeNumber(1, 200, 'connections'), {
      sentence: 'The largest number of connections to MySQL that one process opens.',
      default: 10,
      environment: 'DOGEAR_DATABASE_CONNECTIONS',
    }),
  },
  engine: {
    jobs: setting(autoOrWholeNumber(1, 256, 'threads'), {
      sentence: FLAG_SENTENCES['--jobs'],
      default: 'auto',
      environment: 'DOGEAR_JOBS',
      flag: '--jobs',
    }),
    md5: setting(oneOf('auto', 'wasm-simd', 'node-crypto'), {
      sentence:
        'The implementation of MD5: WebAssembly with SIMD, which digests several files at once, or OpenSSL.',
      default: 'auto',
      environment: 'DOGEAR_ENGINE_MD5',
    }),
    reads: setting(oneOf('auto', 'io-uring', 'system-calls'), {
      sentence:
        'How files are read: many at once through io_uring (Linux 6.1 and later), or with one system call after another.',
      default: 'auto',
      environment: 'DOGEAR_ENGINE_READS',
    }),
  },
  library: {
    change_check: setting(oneOf('full', 'mtime'), {
      sentence:
        'How a scan tells that a file has not changed: by size, time of modification, inode and time of last change, or by ' +
        'size and time of modification alone. Inodes do not count on file systems that make them up, such as FAT and SMB.',
      default: 'full',
      environment: 'DOGEAR_LIBRARY_CHANGE_CHECK',
    }),
    metadata: setting(trueOrFalse, {
      sentence:
        'Whether the server reads titles, authors, series and languages from EPUBs after scans, at leisure; what was read ' +
        'stays when this is switched off.',
      default: true,
      environment: 'DOGEAR_LIBRARY_METADATA',
    }),
    schedule: setting(cronPattern, {
      sentence:
        'When all libraries are scanned, in the syntax of cron and the time zone of the machine, such as 0 3 * * * for three ' +
        'in the morning; without it, scans are only begun by somebody.',
      default: undefined,
      environment: 'DOGEAR_LIBRARY_SCHEDULE',
    }),
    watch: setting(trueOrFalse, {
      sentence:
        'Whether the server watches the folders of libraries, and scans a library after something was touched in it; network ' +
        'shares tell nothing of what other machines change.',
      default: false,
      environment: 'DOGEAR_LIBRARY_WATCH',
    }),
    watch_quiet_seconds: setting(wholeNumber(1, 3600, 'seconds'), {
      sentence:
        'How long nothing may have been touched before that scan, so that files that are being written are waited for.',
      default: 30,
      environment: 'DOGEAR_LIBRARY_WATCH_QUIET_SECONDS',
    }),
  },
  log: {
    level: setting(oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), {
      sentence: 'The least severe messages that are logged.',
      default: 'info',
      environment: 'DOGEAR_LOG_LEVEL',
    }),
    format: setting(oneOf('auto', 'json', 'text'), {
      sentence: 'The format of the log; auto is text on a terminal and one JSON object a line elsewhere.',
      default: 'auto',
      environment: 'DOGEAR_LOG_FORMAT',
    }),
  },
  server: {
    host: setting(host, {
      sentence: FLAG_SENTENCES['--host'],
      default: '0.0.0.0',
      environment: 'DOGEAR_SERVER_HOST',
      flag: '--host',
    }),
    port: setting(wholeNumber(0, 65_535), {
      sentence: FLAG_SENTENCES['--port'],
      // 8, then D-O-G on the keys of a telephone; no registered service and none of the usual 80xx ports.
      default: 8364,
      environment: 'DOGEAR_SERVER_PORT',
      flag: '--port',
    }),
    base_url: setting(baseUrl, {
      sentence: 'The path under which everything is served, for a reverse proxy that forwards a sub-path.',
      default: '/',
      environment: 'DOGEAR_SERVER_BASE_URL',
    }),
    public_url: setting(publicUrl, {
      sentence:
        'The URL that readers and browsers use, base_url included, where it differs from the address of this machine.',
      default: undefined,
      environment: 'DOGEAR_SERVER_PUBLIC_URL',
    }),
    tls: {
      certificate: setting(file, {
        sentence: 'A PEM file with the certificate and its chain; with it the server speaks HTTPS.',
        default: undefined,
        environment: 'DOGEAR_SERVER_TLS_CERTIFICATE',
      }),
      key: setting(file, {
        sentence: 'A PEM file with the private key of the certificate.',
        default: undefined,
        environment: 'DOGEAR_SERVER_TLS_KEY',
      }),
    },
    listeners: setting(wholeNumber(1, 64, 'threads'), {
      sentence: 'The number of threads that answer requests; they share the port.',
      default: 1,
      environment: 'DOGEAR_SERVER_LISTENERS',
    }),
    trusted_proxies: setting(proxies, {
      sentence: 'The proxies whose X-Forwarded-For is trusted; separated by commas in the environment.',
      default: [],
      environment: 'DOGEAR_SERVER_TRUSTED_PROXIES',
    }),
    hosts: setting(hosts, {
      sentence:
        'More names under which browsers may open the console; its own, addresses, names without a dot and that of ' +
        'public_url are known. Separated by commas in the environment.',
      default: [],
      environment: 'DOGEAR_SERVER_HOSTS',
    }),
    cors_origins: setting(origins, {
      sentence:
        'The web pages that may use the server from a browser (CORS); separated by commas in the environment.',
      default: [],
      environment: 'DOGEAR_SERVER_CORS_ORIGINS',
    }),
    body_limit_bytes: setting(wholeNumber(1024, 1_048_576, 'bytes'), {
      sentence: 'The largest body of a request; longer ones are answered with 413.',
      default: 65_536,
      environment: 'DOGEAR_SERVER_BODY_LIMIT_BYTES',
    }),
    shutdown_seconds: setting(wholeNumber(1, 600, 'seconds'), {
      sentence: 'The time that a stopping server has to answer the requests that are waiting.',
      default: 10,
      environment: 'DOGEAR_SERVER_SHUTDOWN_SECONDS',
    }),
  },
  enable_koreader_sync: setting(trueOrFalse, {
    sentence: 'Whether the KOReader sync routes exist; otherwise they answer with 404.',
    default: false,
    // Without the prefix DOGEAR_: other servers with the same routes use this name.
    environment: 'ENABLE_KOREADER_SYNC',
  }),
  sync: {
    unknown_documents: {
      api_key: setting(oneOf('reject', 'store'), {
        sentence: 'What happens to a push with an API key when no book has the digest that it names.',
        default: 'reject',
        environment: 'DOGEAR_SYNC_UNKNOWN_DOCUMENTS_API_KEY',
      }),
      account: setting(oneOf('reject', 'store'), {
        sentence: 'The same for a push with a user name and a password.',
        default: 'store',
        environment: 'DOGEAR_SYNC_UNKNOWN_DOCUMENTS_ACCOUNT',
      }),
    },
    registration: setting(trueOrFalse, {
      sentence: 'Whether readers may register new users.',
      default: false,
      environment: 'DOGEAR_SYNC_REGISTRATION',
    }),
    waiting_pushes: setting(wholeNumber(1, 1_000_000, 'pushes'), {
      sentence:
        'The largest number of pushes that wait for the database; further ones are answered with 503 at once.',
      default: 10_000,
      environment: 'DOGEAR_SYNC_WAITING_PUSHES',
    }),
    documents_per_user: setting(wholeNumber(10, 10_000_000, 'documents'), {
      sentence:
        'The number of documents in which a user keeps progress; past it those that no library holds are forgotten, ' +
        'the oldest first.',
      default: 100_000,
      environment: 'DOGEAR_SYNC_DOCUMENTS_PER_USER',
    }),
    devices_per_user: setting(wholeNumber(2, 100_000, 'devices'), {
      sentence:
        'The number of devices that are listed for a user; past it the longest unused ones are forgotten.',
      default: 1000,
      environment: 'DOGEAR_SYNC_DEVICES_PER_USER',
    }),
    devices_per_document: setting(wholeNumber(1, 10_000, 'devices'), {
      sentence:
        'The number of devices whose last position in a document is kept; the newest position of the document always is.',
      default: 100,
      environment: 'DOGEAR_SYNC_DEVICES_PER_DOCUMENT',
    }),
    history: setting(trueOrFalse, {
      sentence:
        'Whether it is kept how far users had read and when; what has been kept stays when this is switched off. It is written some seconds behind the pushes, and a flood of them loses entries.',
      default: true,
      environment: 'DOGEAR_SYNC_HISTORY',
    }),
    history_per_document: setting(wholeNumber(10, 10_000, 'entries'), {
      sentence: 'The number of entries of that history that are kept for a document of a user.',
      default: 200,
      environment: 'DOGEAR_SYNC_HISTORY_PER_DOCUMENT',
    }),
    history_per_user: setting(wholeNumber(100, 1_000_000, 'entries'), {
      sentence: 'The number of entries that are kept for a user in all; past it the oldest are forgotten.',
      // 250 books with a full history, some 10 MB.
      default: 50_000,
      environment: 'DOGEAR_SYNC_HISTORY_PER_USER',
    }),
    history_days: setting(wholeNumber(1, 36_500, 'days'), {
      sentence: 'The age at which entries are forgotten.',
      default: 400,
      environment: 'DOGEAR_SYNC_HISTORY_DAYS',
    }),
    unmatched_per_user: setting(wholeNumber(0, 100_000, 'documents'), {
      sentence:
        'The number of documents of a user that are listed because no book has them; past it the oldest are ' +
        'forgotten. 0 lists none.',
      // Two and a half times what a reader keeps for a server that it could not reach.
      default: 500,
      environment: 'DOGEAR_SYNC_UNMATCHED_PER_USER',
    }),
    unmatched_in_all: setting(wholeNumber(100, 10_000_000, 'documents'), {
      sentence: 'The same for all users together.',
      // Some 25 MB, and 450 MB if all positions and titles are as long as they may be.
      default: 50_000,
      environment: 'DOGEAR_SYNC_UNMATCHED_IN_ALL',
    }),
    keep_metadata: setting(trueOrFalse, {
      sentence:
        'Whether the file name, title and authors that readers send are stored; what is stored stays when this is switched off.',
      default: true,
      environment: 'DOGEAR_SYNC_KEEP_METADATA',
    }),
  },
  console: {
    enabled: setting(trueOrFalse, {
      sentence: 'Whether there are pages for browsers (at ui/), and sessions to sign in with.',
      default: true,
      environment: 'DOGEAR_CONSOLE_ENABLED',
    }),
    folder_roots: setting(folders, {
      sentence:
        'The folders that pages show, with what is below them, where a library is added; without any, all folders of ' +
        'the machine. It does not limit where libraries may be. Separated by commas in the environment.',
      default: [],
      environment: 'DOGEAR_CONSOLE_FOLDER_ROOTS',
    }),
  },
  metrics: {
    access: setting(oneOf('loopback', 'permission', 'open'), {
      sentence:
        'Who may read /metrics: programs on this machine, requests with an API key that permits it, or everybody.',
      default: 'loopback',
      environment: 'DOGEAR_METRICS_ACCESS',
    }),
  },
} as const;

/** The values of all settings, deeply frozen. Paths are absolute and URLs normalised. */
export type Configuration = ValuesOf<typeof settings>;

/** All settings by their path, in the order of the file. */
export const allSettings: ReadonlyMap<string, Setting<unknown>> = settingsByPath(settings);
