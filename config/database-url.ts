import { resolve } from 'node:path';

export interface DatabaseServer {
  /** A name or an address; of IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

export type DatabaseLocation =
  | {
      readonly dialect: 'sqlite';
      /** Relative paths are relative to the working folder. */
      readonly file: string;
    }
  | {
      readonly dialect: 'mysql';
      /** In the order in which they are tried, at least one. All hold the same database. */
      readonly servers: readonly [DatabaseServer, ...DatabaseServer[]];
      readonly user: string;
      readonly password: string;
      readonly database: string;
      readonly socketPath: string | undefined;
      /** With a certificate that is verified. */
      readonly tls: boolean;
    };

export const DATABASE_URL_EXPECTED =
  'sqlite:FILE or mysql://USER:PASSWORD@HOST:PORT/DATABASE ' +
  '(also mariadb://; several HOST:PORT with commas between; ?tls=true, ?socket=PATH and ?write=HOST:PORT may follow; ' +
  'special characters of a password percent-encoded)';

const MYSQL_PORT = 3306;
/** A cluster with more servers has a proxy before it. Each is asked for its health every second while it is needed. */
export const MOST_SERVERS = 16;
/** Names of what may follow the `?` of a MySQL URL. */
const QUERY_KEYS: ReadonlySet<string> = new Set(['socket', 'tls', 'write']);

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

/** A URL with several servers is not one for `URL`. Characters that `URL` removes or encodes are refused. */
const MYSQL_URL =
  /^(?:mysql|mariadb):\/\/(?:(?<user>[^/?#:]*)(?::(?<password>[^/?#]*))?@)?(?<servers>[^/?#@]*)\/(?<database>[^/?#@]+)(?:\?(?<query>[^#]*))?$/;

function mysqlLocation(text: string): DatabaseLocation | undefined {
  const parts = /[\s\0]/.test(text) ? undefined : MYSQL_URL.exec(text)?.groups;
  if (parts === undefined) return undefined;
  const { user = '', password = '', servers = '', database = '', query = '' } = parts;
  const parameters = new URLSearchParams(query);
  const isQuery = [...parameters].every(([key, value]) => QUERY_KEYS.has(key) && value !== '');
  const tls = parameters.get('tls') ?? 'false';
  if (!isQuery || !['true', 'false'].includes(tls)) return undefined;
  const [name, secret, schema] = [user, password, database].map(percentDecoded);
  const listed = serverList(servers, parameters.get('write') ?? undefined);
  if (name === undefined || secret === undefined || schema === undefined || listed === undefined)
    return undefined;
  return {
    dialect: 'mysql',
    servers: listed,
    user: name || 'root',
    password: secret,
    database: schema,
    socketPath: parameters.get('socket') ?? undefined,
    tls: tls === 'true',
  };
}

/** @param first the one that is tried first, which must be among the others */
function serverList(
  text: string,
  first: string | undefined,
): readonly [DatabaseServer, ...DatabaseServer[]] | undefined {
  const names = text.split(',');
  const servers = names.length > 1 && names.includes('') ? [undefined] : names.map(databaseServer);
  const writer = first === undefined ? servers[0] : databaseServer(first);
  const found = servers.flatMap((server) => (server === undefined ? [] : [server]));
  const known = new Set(found.map(serverName));
  if (writer === undefined || !known.has(serverName(writer))) return undefined;
  // A server that is listed twice, or that is none, is a mistake of typing.
  if (known.size < servers.length || servers.length > MOST_SERVERS) return undefined;
  return [writer, ...found.filter((server) => serverName(server) !== serverName(writer))];
}

/** `name`, `name:port`, `192.0.2.1:port` or `[2001:db8::1]:port`. Nothing is this machine. */
function databaseServer(text: string): DatabaseServer | undefined {
  const parts = /^(?:\[(?<address>[\da-f:.]+)\]|(?<name>[\p{L}\p{N}._-]*))(?::(?<port>\d{1,5}))?$/iu.exec(
    text,
  )?.groups;
  const { address, name = '', port } = parts ?? {};
  // `URL` knows what a host looks like.
  if (parts === undefined || (text !== '' && !URL.canParse(`mysql://${text}`))) return undefined;
  return { host: address ?? (name || 'localhost'), port: port === undefined ? MYSQL_PORT : Number(port) };
}

/** Whether a text is the name or the address of a server, with or without a port. */
export function isDatabaseServer(text: string): boolean {
  return text !== '' && databaseServer(text) !== undefined;
}

/**
 * The URL with more servers of the same cluster behind its own. Those that it names already are left out.
 *
 * @returns `undefined` for a URL that takes no more: of SQLite, with a socket, or with too many servers
 */
export function withServers(url: string, more: readonly string[]): string | undefined {
  const [, start, own, end] = /^([a-z]+:\/\/(?:[^/?#]*@)?)([^/?#@]*)(\/.*)$/.exec(url) ?? [];
  const location = databaseLocation(url);
  if (location?.dialect !== 'mysql' || location.socketPath !== undefined || own === undefined)
    return undefined;
  const named = own === '' ? [] : own.split(',');
  const nameOf = (text: string): string | undefined => {
    const server = databaseServer(text);
    return server && serverName(server);
  };
  const known = new Set(named.map(nameOf));
  const merged = [...named, ...more.filter((text) => !known.has(nameOf(text)))];
  const text = `${String(start)}${merged.join(',')}${String(end)}`;
  return databaseLocation(text) === undefined ? undefined : text;
}

/** `name:port` or `[2001:db8::1]:port`. */
export function serverName({ host, port }: DatabaseServer): string {
  return `${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
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
  return text.replace(/^([a-z]+:\/\/[^/?#:]*:)[^/?#]*@/, '$1***@');
}
