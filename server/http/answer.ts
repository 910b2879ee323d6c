/** Besides Content-Type and Content-Length. Names in lower case, values without line breaks. */
export type AnswerHeaders = readonly (readonly [name: string, value: string])[];

/** An answer that is complete when it is sent. Handlers return it, uws.ts sends it. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  readonly headers?: AnswerHeaders;
  /** The announced length of an answer without a body: to HEAD, or of an empty file. */
  readonly headBytes?: number;
}

/** An answer that is sent piece by piece until it ends or the client leaves: server-sent events. */
export interface StreamAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly headers?: AnswerHeaders;
  /**
   * Called after the headers are sent. The next piece is requested when the socket has taken the one before. When the
   * client leaves, `signal` aborts and the iterator is ended early (`return()`).
   */
  readonly pieces: (signal: AbortSignal) => AsyncIterable<string | Uint8Array>;
}

/** A file, or a part of one, which is read while it is sent. */
export interface FileAnswer extends StreamAnswer {
  /** Of the whole body. Pieces that are fewer or more bytes close the connection. */
  readonly bodyBytes: number;
  /** Called once, when nothing is sent any more, also of an answer that was never sent. Must not throw. */
  readonly ended?: () => void;
}

/** No charset, and not KOReader's vendor type: KOReader 2025.04 and 2025.10 each fail on one of the two. */
const JSON_TYPE = 'application/json';

export function jsonAnswer(status: number, value: unknown, headers?: AnswerHeaders): Answer {
  const body = JSON.stringify(value);
  return headers === undefined
    ? { status, contentType: JSON_TYPE, body }
    : { status, contentType: JSON_TYPE, body, headers };
}

/** The same answer, with its body as bytes: for one that is sent many times. */
export function encodedAnswer(answer: Answer): Answer {
  return { ...answer, body: Buffer.from(answer.body) };
}
