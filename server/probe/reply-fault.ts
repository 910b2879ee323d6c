import type { KoreaderReply } from './koreader-request.js';

/** The numbers that Dogear's sync routes put into the field `code` of their errors. */
export const CODE = {
  notJson: 103,
  unauthorized: 2001,
  documentMissing: 2004,
  forbidden: 2007,
  throttled: 2008,
  nothingHere: 2009,
  bodyTooLarge: 2011,
  busy: 2013,
  databaseAway: 2014,
} as const;

/** The fields of a JSON object that is the body of an answer; empty for anything else. */
export function fieldsOf({ text }: KoreaderReply): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

export interface AskedAddress {
  readonly base: URL;
  /** Takes the secrets of the address out of a text. To be called before the text is cut: of half a key nothing is found. */
  readonly masked: (text: string) => string;
}

/** What an answer says that Dogear did not give, or did not give to a request of KOReader, in one sentence. */
export function replyFault(reply: KoreaderReply, { base: url, masked }: AskedAddress): string {
  const { status, headers, text } = reply;
  if (status === 505 || (status === 400 && text.includes('uWebSockets/20 Server'))) {
    return (
      'The proxy speaks HTTP/1.0 to Dogear, which answers HTTP/1.1 alone: set "proxy_http_version 1.1;" in nginx; ' +
      'in other proxies choose HTTP/1.1 for the server behind.'
    );
  }
  if (status >= 300 && status < 400 && headers.location !== undefined) {
    return redirectFault(headers.location, url);
  }
  if (/plain HTTP request was sent to HTTPS port/i.test(text)) {
    return `${url.host} speaks HTTPS: begin the address with https://.`;
  }
  const { code, message } = fieldsOf(reply);
  if (code === CODE.databaseAway || code === CODE.busy) {
    return `Dogear answers, but cannot sync at the moment: ${String(message)}`;
  }
  if (code === CODE.throttled) {
    return 'Dogear refuses logins from this machine for some minutes, because too many have failed: try again later.';
  }
  if (code === CODE.bodyTooLarge) {
    return 'Dogear refuses the body of a push as too large: raise server.body_limit_bytes.';
  }
  const answer = `${String(status)}, ${shownBody(reply, masked)}`;
  if (status === 401 && headers['www-authenticate'] !== undefined) {
    return `The proxy asks for a password of its own (${answer}), which KOReader does not send: except this path from it.`;
  }
  if (status === 413)
    return `The proxy refuses the body of a push as too large (${answer}): raise its limit to 64 KiB.`;
  if (status >= 502 && status <= 504) {
    return `The proxy does not get an answer of Dogear (${answer}): start Dogear, correct the address that the proxy forwards to, or let its health check speak HTTP/1.1.`;
  }
  if (status === 403 || status === 429) {
    return `Something before Dogear refuses the request (${answer}), such as a firewall for bots: let KOReader pass.`;
  }
  if (status === 404) {
    return `Something else than Dogear answers (${answer}): correct the address, or the path that the proxy forwards to Dogear.`;
  }
  return `Something else than Dogear answers (${answer}): correct the address; a login page before Dogear has to let KOReader pass.`;
}

function redirectFault(location: string, url: URL): string {
  const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  if (target?.protocol === 'https:' && url.protocol === 'http:' && target.hostname === url.hostname) {
    return 'The address is redirected to HTTPS, and KOReader pushes no position after a redirect: begin it with https://.';
  }
  return `The address is redirected to ${target?.href ?? location}, and KOReader pushes no position after a redirect: type the address where Dogear is, without a login page before it.`;
}

function shownBody({ headers, text: body }: KoreaderReply, masked: AskedAddress['masked']): string {
  const text = masked(body);
  const title = /<title[^<>]*>([^<]{1,80})/i.exec(text)?.[1]?.trim();
  if (title !== undefined) return `an HTML page "${title}"`;
  if (/^\s*</.test(text)) return 'an HTML page';
  if (text.trim() === '') return 'without a body';
  const type = headers['content-type']?.split(';')[0] ?? 'a text';
  return `${type} "${text.trim().slice(0, 80)}"`;
}
