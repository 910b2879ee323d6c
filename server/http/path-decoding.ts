/**
 * Decodes one part of a path: `%` and two hex digits are a byte, `+` is a plus, and the bytes must be UTF-8.
 *
 * @returns `undefined` for an escape or bytes that mean nothing; guessing would find another document than the one
 *   that was pushed
 */
export function decodePathPart(part: string): string | undefined {
  // What uWebSockets.js makes of raw bytes that are no UTF-8.
  if (part.includes('\uFFFD')) return undefined;
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
