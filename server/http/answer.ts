/** Besides Content-Type and Content-Length. Names in lower case, values without line breaks. */
export type AnswerHeaders = readonly (readonly [name: string, value: string])[];

/** What goes back to the client. Made by handlers, written by uws.ts. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  readonly headers?: AnswerHeaders;
}

/** An answer that is sent piece by piece for as long as the client listens: server-sent events, exports. */
export interface StreamAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly headers?: AnswerHeaders;
  /**
   * Begun once the headers are out; each piece is asked for when the one before has been taken by the socket. It is
   * ended early (`return()`) when the client goes, and `signal` aborts then.
   */
  readonly pieces: (signal: AbortSignal) => AsyncIterable<string | Uint8Array>;
}

/** Without a charset, and not the vendor type: KOReader 2025.04 and 2025.10 each fail on one of those. */
export const JSON_TYPE = 'application/json';

export function jsonAnswer(status: number, value: unknown, headers?: AnswerHeaders): Answer {
  const body = JSON.stringify(value);
  return headers === undefined
    ? { status, contentType: JSON_TYPE, body }
    : { status, contentType: JSON_TYPE, body, headers };
}
