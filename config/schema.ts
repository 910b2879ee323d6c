import { type Setting, type ValuesOf, setting, settingsByPath } from './setting.js';
import {
  autoOrWholeNumber,
  baseUrl,
  databaseUrl,
  file,
  host,
  oneOf,
  proxies,
  publicUrl,
  trueOrFalse,
  wholeNumber,
} from './value-kinds.js';

/**
 * Every setting of Dogear. config/example.yaml is made from this, and so are the checks, the environment names and
 * what `dogear config` prints. The names are those of the file, in the code too: a setting has one name.
 */
export const settings = {
  database: {
    url: setting(databaseUrl, {
      sentence: 'Where everything is kept: one SQLite file, or a MySQL or MariaDB database.',
      default: 'sqlite:dogear.db',
      environment: 'DOGEAR_DATABASE_URL',
      flag: '--database',
    }),
    connections: setting(wholeNumber(1, 200, 'connections'), {
      sentence: 'How many connections one process opens to MySQL at most.',
      default: 10,
      environment: 'DOGEAR_DATABASE_CONNECTIONS',
    }),
  },
  engine: {
    jobs: setting(autoOrWholeNumber(1, 256, 'threads'), {
      sentence: 'How many threads hash at once; auto watches the storage and finds out.',
      default: 'auto',
      environment: 'DOGEAR_JOBS',
      flag: '--jobs',
    }),
    md5: setting(oneOf('auto', 'wasm-simd', 'node-crypto'), {
      sentence: 'What computes MD5: WebAssembly with SIMD, which takes several files at a time, or OpenSSL.',
      default: 'auto',
      environment: 'DOGEAR_ENGINE_MD5',
    }),
    reads: setting(oneOf('auto', 'io-uring', 'system-calls'), {
      sentence:
        'What reads the files: the io_uring of Linux (6.1 and later), many at a time, or one call after the other.',
      default: 'auto',
      environment: 'DOGEAR_ENGINE_READS',
    }),
  },
  log: {
    level: setting(oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), {
      sentence: 'The least severe messages that are still logged.',
      default: 'info',
      environment: 'DOGEAR_LOG_LEVEL',
    }),
    format: setting(oneOf('auto', 'json', 'text'), {
      sentence: 'How the log is written; auto is text on a terminal and one JSON object a line elsewhere.',
      default: 'auto',
      environment: 'DOGEAR_LOG_FORMAT',
    }),
  },
  server: {
    host: setting(host, {
      sentence: 'The address that the server listens on; 0.0.0.0 is every IPv4 address of the machine.',
      default: '0.0.0.0',
      environment: 'DOGEAR_SERVER_HOST',
      flag: '--host',
    }),
    port: setting(wholeNumber(0, 65_535), {
      sentence: 'The TCP port that the server listens on; 0 takes any free one.',
      // D-O-G on the keys of a telephone after an 8; no registered service and none of the usual 80xx ports.
      default: 8364,
      environment: 'DOGEAR_SERVER_PORT',
      flag: '--port',
    }),
    base_url: setting(baseUrl, {
      sentence: 'The path under which everything is served, for a reverse proxy that passes a sub-path on.',
      default: '/',
      environment: 'DOGEAR_SERVER_BASE_URL',
    }),
    public_url: setting(publicUrl, {
      sentence:
        'The address that readers type, base_url included, where it is not the address of this machine; ' +
        'it is only printed.',
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
      sentence: 'How many threads answer requests; they share the port.',
      default: 1,
      environment: 'DOGEAR_SERVER_LISTENERS',
    }),
    trusted_proxies: setting(proxies, {
      sentence: 'The proxies whose X-Forwarded-For is believed; in the environment separated by commas.',
      default: [],
      environment: 'DOGEAR_SERVER_TRUSTED_PROXIES',
    }),
    body_limit_bytes: setting(wholeNumber(1024, 1_048_576, 'bytes'), {
      sentence: 'A request with a longer body is answered 413.',
      default: 65_536,
      environment: 'DOGEAR_SERVER_BODY_LIMIT_BYTES',
    }),
    shutdown_seconds: setting(wholeNumber(1, 600, 'seconds'), {
      sentence: 'How long a server that was told to stop may take to answer what is waiting.',
      default: 10,
      environment: 'DOGEAR_SERVER_SHUTDOWN_SECONDS',
    }),
  },
  enable_koreader_sync: setting(trueOrFalse, {
    sentence: 'Whether the KOReader sync routes exist; without it they answer 404.',
    default: false,
    // Without the prefix: the name under which servers with the same routes already know it.
    environment: 'ENABLE_KOREADER_SYNC',
  }),
  sync: {
    unknown_documents: {
      api_key: setting(oneOf('reject', 'store'), {
        sentence: 'What a push with an API key does when no book has the digest that it names.',
        default: 'reject',
        environment: 'DOGEAR_SYNC_UNKNOWN_DOCUMENTS_API_KEY',
      }),
      account: setting(oneOf('reject', 'store'), {
        sentence: 'The same for pushes with a user name and a password.',
        default: 'store',
        environment: 'DOGEAR_SYNC_UNKNOWN_DOCUMENTS_ACCOUNT',
      }),
    },
    registration: setting(trueOrFalse, {
      sentence: 'Whether readers may register new users themselves.',
      default: false,
      environment: 'DOGEAR_SYNC_REGISTRATION',
    }),
    waiting_pushes: setting(wholeNumber(1, 1_000_000, 'pushes'), {
      sentence: 'How many pushes may wait for the database; further ones are answered 503 at once.',
      default: 10_000,
      environment: 'DOGEAR_SYNC_WAITING_PUSHES',
    }),
  },
  metrics: {
    access: setting(oneOf('loopback', 'permission', 'open'), {
      sentence:
        'Who may read /metrics: programs on this machine, senders of an API key that permits it, or everybody.',
      default: 'loopback',
      environment: 'DOGEAR_METRICS_ACCESS',
    }),
  },
} as const;

/** The values of all settings, deeply frozen; paths are absolute, addresses normalised. */
export type Configuration = ValuesOf<typeof settings>;

/** All settings by their path, in the order of the file. */
export const allSettings: ReadonlyMap<string, Setting<unknown>> = settingsByPath(settings);
