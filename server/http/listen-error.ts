/** The server cannot listen: uWebSockets.js is missing, the address cannot be had, or the certificate cannot be used. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}
