import { isIP } from 'node:net';

/** `/` or `/name/name`: with a leading slash and no trailing one. `undefined` for a text that is no path of a URL. */
export function normalisedBaseUrl(text: string): string | undefined {
  if (text.includes('//')) return undefined;
  const names = text.replace(/^\//, '').replace(/\/$/, '').split('/');
  if (names.length === 1 && names[0] === '') return '/';
  const isPath = names.every((name) => /^[A-Za-z0-9._~-]+$/.test(name) && name !== '.' && name !== '..');
  return isPath ? `/${names.join('/')}` : undefined;
}

/** An http(s) URL without a trailing slash; `undefined` for one with credentials, a query or a fragment. */
export function normalisedPublicUrl(text: string): string | undefined {
  if (!/^https?:\/\/[^\s@?#]+$/.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text).href.replace(/\/+$/, '');
}

/** The origin of web pages as browsers send it (`https://reader.example.org`, `tauri://localhost`), or `*`. */
export function normalisedOrigin(text: string): string | undefined {
  if (text === '*') return text;
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*]+\/?$/i.test(text) || !URL.canParse(text)) return undefined;
  const { origin, protocol, host } = new URL(text);
  // The origin of a scheme that browsers do not define is opaque to Node.js, but apps send it by name.
  return origin === 'null' ? `${protocol}//${host}` : origin;
}

/** An IP address (IPv6 without brackets) or a host name. */
export function isHost(text: string): boolean {
  if (isIP(text) !== 0) return true;
  // A text of digits and dots is a mistyped address, not a host name.
  if (text.length > 253 || /^[\d.]+$/.test(text)) return false;
  return text.split('.').every((label) => /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label));
}

/** `loopback`, an IP address, or a network such as `10.0.0.0/8`. */
export function isProxy(text: string): boolean {
  if (text === 'loopback') return true;
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128));
}
