/**
 * Paths are bytes. In the walk each is a string of one character a byte (latin1): exact for every name, half the
 * memory of a buffer object, and comparing two such strings compares their bytes.
 */
export function latin1Of(path: Buffer | string): string {
  return (typeof path === 'string' ? Buffer.from(path) : path).toString('latin1');
}

// oxlint-disable-next-line no-control-regex -- the very point
const ASCII = /^[\0-\x7f]*$/;

export function isAscii(latin1: string): boolean {
  return ASCII.test(latin1);
}

/**
 * What Node's file calls take: a string where it is ASCII (the same bytes in UTF-8, and no buffer to make), a buffer
 * with the very bytes elsewhere.
 */
export function systemPath(latin1Path: string): string | Buffer {
  return isAscii(latin1Path) ? latin1Path : Buffer.from(latin1Path, 'latin1');
}
