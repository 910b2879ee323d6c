/** A part of a file, from `start` to before `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads the header `Range` (RFC 9110, 14.2). Several ranges in one request, other units and what is no range are ignored, as
 * the RFC permits: the whole file is the answer.
 *
 * @returns `undefined`: the whole file; `unsatisfiable`: the file has no such part
 */
export function byteRangeOf(
  header: string | undefined,
  fileBytes: number,
): ByteRange | 'unsatisfiable' | undefined {
  const [, from, to] = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(header ?? '') ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined;
  if (from === '') {
    const last = Math.min(Number(to), fileBytes);
    return last === 0 ? 'unsatisfiable' : { start: fileBytes - last, end: fileBytes };
  }
  const start = Number(from);
  if (to !== '' && Number(to) < start) return undefined;
  if (start >= fileBytes) return 'unsatisfiable';
  return { start, end: to === '' ? fileBytes : Math.min(Number(to) + 1, fileBytes) };
}

/** Whether the header `If-None-Match` names the tag (RFC 9110, 13.1.2): the client has the file as it is. */
export function isNoneMatch(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
