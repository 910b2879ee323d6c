/**
 * A line as md5sum writes it: 32 hex digits, two spaces, the bytes of the path, a line feed. A path with a line feed, a
 * carriage return or a backslash is escaped, and its line begins with a backslash, as in GNU coreutils.
 */
export function digestLine(digest: Buffer, path: Buffer): Buffer {
  const escaped = escape(path);
  return Buffer.concat([
    Buffer.from(escaped === path ? '' : '\\'),
    Buffer.from(digest.toString('hex')),
    Buffer.from('  '),
    escaped,
    Buffer.from('\n'),
  ]);
}

export interface DigestEntry {
  readonly digest: string;
  readonly path: Buffer;
}

const LINE = /^(\\?)([0-9a-fA-F]{32}) [ *](.+)$/s;

/** @returns `undefined` for a line that has another form */
export function parseDigestLine(line: Buffer): DigestEntry | undefined {
  const match = LINE.exec(line.toString('latin1'));
  if (match === null) return undefined;
  const [, backslash, digest = '', name = ''] = match;
  const path = backslash === '' ? name : unescape(name);
  return { digest: digest.toLowerCase(), path: Buffer.from(path, 'latin1') };
}

function escape(path: Buffer): Buffer {
  if (!path.includes(0x0a) && !path.includes(0x0d) && !path.includes(0x5c)) return path;
  const text = path.toString('latin1');
  return Buffer.from(text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r'), 'latin1');
}

function unescape(name: string): string {
  return name.replace(/\\([\\nr])/g, (_, character: string) =>
    character === 'n' ? '\n' : character === 'r' ? '\r' : '\\',
  );
}
