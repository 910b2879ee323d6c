import { resolve } from 'node:path';

export type DatabaseLocation =
  | {
      readonly dialect: 'sqlite';
      /** Relative paths are relative to the working folder. */
      readonly file: string;
    }
  | {
      readonly dialect: 'mysql';
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly password: string;
      readonly database: string;
      readonly socketPath: string | undefined;
      /** With a certificate that is verified. */
      readonly tls: boolean;
    };

export const DATABASE_URL_EXPECTED =
  'sqlite:FILE or mysql://USER:PASSWORD@HOST:PORT/DATABASE ' +
  '(also mariadb://; ?tls=true and ?socket=PATH may follow; special characters of a password percent-encoded)';

const MYSQL_PORT = 3306;
/** Names of what may follow the `?` of a MySQL URL. */
const QUERY_KEYS: ReadonlySet<string> = new Set(['socket', 'tls']);

/**
 * Parses a database URL. The configuration checks its setting with this, and server/database opens what it returns.
 *
 * @returns `undefined` for a text that is not as DATABASE_URL_EXPECTED says
 */
export function databaseLocation(text: string): DatabaseLocation | undefined {
  return text.startsWith('sqlite:') ? sqliteLocation(text) : mysqlLocation(text);
}

function sqliteLocation(text: string): DatabaseLocation | undefined {
  // Other programs write sqlite:///var/lib/dogear.db for sqlite:/var/lib/dogear.db.
  const file = text.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '');
  const isFile = file !== '' && !file.startsWith('//') && !file.startsWith(':') && !file.includes('\0');
  return isFile ? { dialect: 'sqlite', file } : undefined;
}

function mysqlLocation(text: string): DatabaseLocation | undefined {
  if (!/^(mysql|mariadb):\/\//.test(text) || /\s/.test(text) || !URL.canParse(text)) return undefined;
  const { hostname, port, username, password, pathname, searchParams, hash } = new URL(text);
  const isQuery = [...searchParams].every(([key, value]) => QUERY_KEYS.has(key) && value !== '');
  const tls = searchParams.get('tls') ?? 'false';
  const decoded = [username, password, /^\/([^/@]+)$/.exec(pathname)?.[1]].map(percentDecoded);
  const [user, secret, database] = decoded;
  if (user === undefined || secret === undefined || database === undefined) return undefined;
  if (!isQuery || hash !== '' || !['true', 'false'].includes(tls)) return undefined;
  return {
    dialect: 'mysql',
    host: hostname.replace(/^\[|\]$/g, '') || 'localhost',
    port: port === '' ? MYSQL_PORT : Number(port),
    user: user || 'root',
    password: secret,
    database,
    socketPath: searchParams.get('socket') ?? undefined,
    tls: tls === 'true',
  };
}

function percentDecoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * The URL in the form that the program uses: `sqlite:` with an absolute path, or `mysql://…`.
 *
 * @param folder where relative paths start
 * @returns `undefined` for a text that is no database URL
 */
export function normalisedDatabaseUrl(text: string, folder: string): string | undefined {
  const location = databaseLocation(text);
  if (location === undefined) return undefined;
  return location.dialect === 'sqlite'
    ? `sqlite:${resolve(folder, location.file)}`
    : text.replace(/^mariadb:/, 'mysql:');
}

/**
 * `mysql://dogear:***@host/db`. Of a text that is no database URL only the scheme is left, because its password cannot
 * be told from the rest.
 */
export function maskedDatabaseUrl(text: string): string {
  if (text.startsWith('sqlite:')) return text;
  if (databaseLocation(text) === undefined) return `${/^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0] ?? ''}***`;
  const url = new URL(text);
  if (url.password !== '') url.password = '***';
  return url.href;
}
