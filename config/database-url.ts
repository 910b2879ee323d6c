import { resolve } from 'node:path';

/** What may follow the `?` of a MySQL address; see server/storage. */
const QUERY_KEYS: ReadonlySet<string> = new Set(['socket', 'tls']);

export const DATABASE_URL_EXPECTED =
  'sqlite:FILE or mysql://USER:PASSWORD@HOST:PORT/DATABASE ' +
  '(also mariadb://; ?tls=true and ?socket=PATH may follow; special characters of a password percent-encoded)';

/**
 * The address in the one form that the program goes on with: `sqlite:` and an absolute path, or `mysql://…`.
 * `undefined` when it is neither.
 */
export function normalisedDatabaseUrl(text: string, folder: string): string | undefined {
  if (text.startsWith('sqlite:')) {
    // sqlite:///var/lib/dogear.db is how other programs write sqlite:/var/lib/dogear.db.
    const path = text.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '');
    const isFile = path !== '' && !path.startsWith('//') && !path.startsWith(':') && !path.includes('\0');
    return isFile ? `sqlite:${resolve(folder, path)}` : undefined;
  }
  if (!/^(mysql|mariadb):\/\//.test(text) || /\s/.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const database = /^\/[^/@]+$/.test(url.pathname);
  const query = [...url.searchParams].every(([key, value]) => QUERY_KEYS.has(key) && value !== '');
  const tls = url.searchParams.get('tls') ?? 'false';
  if (!database || !query || url.hash !== '' || !['true', 'false'].includes(tls)) return undefined;
  if (![url.username, url.password, url.pathname].every(isDecodable)) return undefined;
  return text.replace(/^mariadb:/, 'mysql:');
}

/** `mysql://dogear:***@host/db`. Of a text in which the password cannot be told from the rest, next to nothing is left. */
export function maskedDatabaseUrl(text: string): string {
  if (text.startsWith('sqlite:')) return text;
  if (normalisedDatabaseUrl(text, '/') === undefined) {
    return `${/^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0] ?? ''}***`;
  }
  const url = new URL(text);
  if (url.password !== '') url.password = '***';
  return url.href;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
