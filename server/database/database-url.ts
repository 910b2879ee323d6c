import { StorageError } from './database-error.js';

export type DatabaseLocation =
  | { readonly dialect: 'sqlite'; readonly file: string }
  | {
      readonly dialect: 'mysql';
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly password: string;
      readonly database: string;
      readonly socketPath: string | undefined;
      readonly tls: boolean;
    };

const MYSQL_PORT = 3306;

/**
 * Reads `sqlite:/var/lib/dogear.db` or `mysql://user:password@host:3306/dogear`.
 * `?socket=/run/mysqld/mysqld.sock` connects over a socket file, `?tls=true` asks for TLS with a verified
 * certificate. `mariadb://` means the same as `mysql://`.
 */
export function parseDatabaseUrl(url: string): DatabaseLocation {
  if (url.startsWith('sqlite:')) {
    const file = url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '');
    if (file === '') {
      throw new StorageError('bad-database-url', 'The database URL names no file: write sqlite:PATH.');
    }
    return { dialect: 'sqlite', file };
  }
  if (!/^(mysql|mariadb):\/\//.test(url)) {
    throw new StorageError(
      'bad-database-url',
      'The database URL must begin with sqlite: or mysql://, as in mysql://user:password@host:3306/dogear.',
    );
  }
  return parseMysqlUrl(url);
}

function parseMysqlUrl(url: string): DatabaseLocation {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new StorageError('bad-database-url', 'The database URL is not a valid URL.', cause);
  }
  const database = decodeURIComponent(parsed.pathname.slice(1));
  if (database === '') {
    throw new StorageError('bad-database-url', 'The database URL names no database: mysql://host:3306/NAME.');
  }
  return {
    dialect: 'mysql',
    host: parsed.hostname.replace(/^\[|\]$/g, '') || 'localhost',
    port: parsed.port === '' ? MYSQL_PORT : Number(parsed.port),
    user: decodeURIComponent(parsed.username) || 'root',
    password: decodeURIComponent(parsed.password),
    database,
    socketPath: parsed.searchParams.get('socket') ?? undefined,
    tls: parsed.searchParams.get('tls') === 'true',
  };
}
