// Paths are bytes, not text. The walk keeps each path as a latin1 string: one character for each byte. That represents
// every name exactly, takes half the memory of a Buffer object, and comparing two such strings compares their bytes.

// oxlint-disable-next-line no-control-regex -- the control characters are part of ASCII
const ASCII = /^[\0-\x7f]*$/;

export function isAscii(latin1: string): boolean {
  return ASCII.test(latin1);
}

/**
 * Converts a latin1 path to what Node's file calls accept. An ASCII path stays a string, because its UTF-8 bytes are
 * the same and no buffer has to be made. Any other path becomes a buffer of its exact bytes.
 */
export function systemPath(latin1Path: string): string | Buffer {
  return isAscii(latin1Path) ? latin1Path : Buffer.from(latin1Path, 'latin1');
}
