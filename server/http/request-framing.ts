interface HeaderLines {
  getHeader(lowerCaseName: string): string;
  forEach(visit: (lowerCaseName: string, value: string) => void): void;
}

/**
 * How long the body of a request is, according to its headers.
 *
 * `undefined` if a proxy and this server might disagree about it, so that the proxy would take for a body what this
 * server takes for the next request, perhaps of somebody else (RFC 9112, 6.3 and 11.2): if lengths contradict each other,
 * if there are a length and a coding, or if there is a coding other than `chunked`. uWebSockets.js believes the first
 * length, and takes every coding for `chunked`. What is wrong inside of a chunked body, such as a bare line feed, cannot
 * be seen here.
 *
 * @param method upper case. A pull costs two lookups. All header lines, half a microsecond, are read of requests that
 *   have a body, or should
 * @returns 0 without a body, `Infinity` for a chunked one
 */
export function announcedBodyBytes(method: string, request: HeaderLines): number | undefined {
  if (
    (method === 'GET' || method === 'HEAD') &&
    request.getHeader('content-length') === '' &&
    request.getHeader('transfer-encoding') === ''
  ) {
    return 0;
  }
  let length: string | undefined;
  let coding: string | undefined;
  let isDoubtful = false;
  request.forEach((name, value) => {
    if (name === 'content-length') {
      if (value === '' || (length !== undefined && length !== value)) isDoubtful = true;
      length = value;
    } else if (name === 'transfer-encoding') {
      if (coding !== undefined || value.toLowerCase() !== 'chunked') isDoubtful = true;
      coding = value;
    }
  });
  if (isDoubtful || (length !== undefined && coding !== undefined)) return undefined;
  return coding === undefined ? Number(length ?? 0) : Infinity;
}
