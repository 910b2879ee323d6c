/** The address cannot be had, or the certificate cannot be used; uWebSockets.js does not say why. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}
