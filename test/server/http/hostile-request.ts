/** A request as bytes, and whether the client closes the connection without reading the answer. */
export interface HostileRequest {
  readonly bytes: Buffer;
  readonly isCutOff: boolean;
}

export interface Credentials {
  readonly apiKey: string;
  readonly user: string;
  readonly key: string;
}

type Random = () => number;

/** Makes the same requests from the same seed (mulberry32), so that a failure can be repeated. */
export function seededRandom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pick<T>(random: Random, values: readonly [T, ...T[]]): T {
  return values[Math.floor(random() * values.length)] ?? values[0];
}

function junk(random: Random, length: number): string {
  return Array.from({ length }, () => String.fromCharCode(Math.floor(random() * 256))).join('');
}

function nested(random: Random, open: string, close: string): string {
  const depth = Math.floor(random() * 20_000);
  return open.repeat(depth) + (random() < 0.5 ? '1' + close.repeat(depth) : '');
}

/** Values that parsers, databases and comparisons are known to get wrong. */
function oddValue(random: Random): string {
  return pick<() => string>(random, [
    () => 'null',
    () => 'true',
    () => '-0',
    () => '1e400',
    () => '1e-400',
    () => '9'.repeat(400),
    () => '0.'.padEnd(300, '3'),
    () => '""',
    () => '"\\u0000"',
    () => '"\\ud800"',
    () => '"\\udc00\\ud800"',
    () => '"\u202e\ufeff\uffff"',
    () => JSON.stringify("'; drop table progress; --"),
    () => JSON.stringify('%s%n${7*7}{{7*7}}<script>'),
    () => JSON.stringify('x'.repeat(Math.floor(random() * 6000))),
    () => '{"__proto__":{"isOwner":true}}',
    () => '[[],{},[null]]',
    () => nested(random, '[', ']'),
    () => nested(random, '{"a":', '}'),
    () => JSON.stringify(junk(random, 20)),
  ])();
}

const FIELDS = ['document', 'progress', 'percentage', 'device', 'device_id', 'metadata'] as const;

function body(random: Random): string {
  const fields: Record<string, string> = {
    document: `"d${String(Math.floor(random() * 50))}"`,
    progress: '"/body/p[1]"',
    percentage: String(random()),
    device: '"Kobo"',
    device_id: '"A"',
  };
  for (let changes = Math.floor(random() * 3); changes > 0; changes--) {
    const field = pick(random, FIELDS);
    if (random() < 0.3) fields[field] = oddValue(random);
    else delete fields[field];
  }
  const text = `{${Object.entries(fields)
    .map(([name, value]) => `${JSON.stringify(name)}:${value}`)
    .join(',')}}`;
  return pick<() => string>(random, [
    () => text,
    () => text,
    () => text,
    () => text.replace('{', `{"__proto__":${oddValue(random)},`),
    () => text.replace('{', '{"constructor":{"prototype":1},"document":"twice",'),
    () => text.slice(0, Math.floor(random() * text.length)),
    () => text.slice(0, 10) + junk(random, 5) + text.slice(10),
    () => oddValue(random),
    () => junk(random, Math.floor(random() * 300)),
    () => `\ufeff${text}`,
    () => 'x'.repeat(60_000 + Math.floor(random() * 10_000)),
  ])();
}

function part(random: Random, { apiKey }: Credentials): string {
  return pick<() => string>(random, [
    () => apiKey,
    () => apiKey.slice(0, -1),
    () => 'd1',
    () => '',
    () => '.',
    () => '..',
    () => '%2e%2e%2f',
    () => '%00',
    () => '%',
    () => '%f',
    () => '%ff%fe',
    () => '%F0%9F%99%82',
    () => '__proto__',
    () => 'constructor',
    () => 'a'.repeat(Math.floor(random() * 3000)),
    () => junk(random, 10).replaceAll(/[\s?#]/g, '_'),
    () => '\u00ff\u00fe',
    () => encodeURIComponent("' or 1=1 --"),
  ])();
}

function path(random: Random, credentials: Credentials): string {
  const base = pick(random, [
    '',
    '',
    `/koreader/${credentials.apiKey}`,
    `/koreader/${part(random, credentials)}`,
  ]);
  const route = pick(random, [
    '/users/auth',
    '/users/create',
    '/syncs/progress',
    `/syncs/progress/${part(random, credentials)}`,
    `/syncs/progress/${part(random, credentials)}/${part(random, credentials)}`,
    '/healthcheck',
    '/readyz',
    '/metrics',
    `/api/v1/${part(random, credentials)}`,
    `/${part(random, credentials)}`,
    '//',
  ]);
  const query = pick(random, ['', '', `?${part(random, credentials)}=${part(random, credentials)}`, '?']);
  return `${base}${route}${query}`;
}

function headers(random: Random, { user, key }: Credentials): string[] {
  const lines = pick<() => string[]>(random, [
    () => [`x-auth-user: ${user}`, `x-auth-key: ${key}`],
    () => [`x-auth-user: ${user}`, `x-auth-key: ${key}`],
    () => [],
    () => [`x-auth-user: ${junk(random, 8).replaceAll(/[\r\n]/g, '')}`, `x-auth-key: ${key}`],
    () => [`authorization: Basic ${Buffer.from(junk(random, 10)).toString('base64')}`],
    () => [`authorization: Basic ${'='.repeat(50)}`],
    () => ['authorization: Bearer'],
  ])();
  if (random() < 0.2) lines.push(`x-forwarded-for: ${junk(random, 10).replaceAll(/[\r\n]/g, '')}, 1.2.3.4`);
  if (random() < 0.05) lines.push(`x-long: ${'y'.repeat(Math.floor(random() * 10_000))}`);
  if (random() < 0.05) lines.push(`${junk(random, 6)}: ${junk(random, 6)}`);
  if (random() < 0.1)
    lines.push(`content-type: ${pick(random, ['text/xml', '', 'application/json;charset=utf-16'])}`);
  return lines;
}

/** A valid push with one or two mistakes. */
export function hostileRequest(random: Random, credentials: Credentials): HostileRequest {
  const aspects = new Set([pick(random, ASPECTS), pick(random, ASPECTS)]);
  const isKeyed = random() < 0.5;
  const account = [`x-auth-user: ${credentials.user}`, `x-auth-key: ${credentials.key}`];
  const method = aspects.has('method') ? pick(random, METHODS) : 'PUT';
  const target = aspects.has('path')
    ? path(random, credentials)
    : `${isKeyed ? `/koreader/${credentials.apiKey}` : ''}/syncs/progress`;
  const content = aspects.has('body')
    ? Buffer.from(body(random), pick(random, ['utf8', 'utf8', 'latin1']))
    : PUSH;
  const [framingLines, framed] = aspects.has('framing')
    ? framing(random, content)
    : [[`content-length: ${String(content.length)}`], content];
  const head = [
    // Removing the account would make all later requests fail early.
    `${method} ${target.replace('/users/me', '/users/auth')} HTTP/1.1`,
    ...(aspects.has('headers') && random() < 0.1 ? [] : ['host: x']),
    'connection: close',
    ...(aspects.has('headers') ? headers(random, credentials) : isKeyed ? [] : account),
    ...framingLines,
    '',
    '',
  ].join('\r\n');
  const bytes = Buffer.concat([Buffer.from(head, 'latin1'), framed]);
  const isCutOff = aspects.has('cut') && random() < 0.5;
  return { bytes: isCutOff ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes, isCutOff };
}

const ASPECTS = [
  'body',
  'body',
  'body',
  'body',
  'path',
  'path',
  'method',
  'headers',
  'framing',
  'cut',
] as const;
const METHODS = ['GET', 'GET', 'POST', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS', 'X', 'put'] as const;
const PUSH = Buffer.from('{"document":"d","progress":"p","percentage":0.5,"device":"Kobo","device_id":"A"}');

function framing(random: Random, content: Buffer): readonly [string[], Buffer] {
  return pick<() => readonly [string[], Buffer]>(random, [
    () => [
      ['transfer-encoding: chunked'],
      Buffer.concat([
        Buffer.from(`${content.length.toString(16)}\r\n`),
        content,
        Buffer.from(content.length === 0 ? '\r\n' : '\r\n0\r\n\r\n'),
      ]),
    ],
    () => [['transfer-encoding: chunked'], Buffer.from(junk(random, 20))],
    () => [
      [`content-length: ${pick(random, ['-1', '1e3', '99999999999999999999', 'abc', '', '+5'])}`],
      content,
    ],
    () => [[`content-length: ${String(content.length + 100_000)}`], content],
    () => [['content-length: 3', 'transfer-encoding: chunked'], content],
    () => [[], content],
  ])();
}
