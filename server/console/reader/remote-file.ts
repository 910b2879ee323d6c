import { ReaderError } from './reader-error.js';

/** A file of the server that is read in parts, so that only what is shown is loaded. */
export class RemoteFile {
  readonly size: number;
  readonly #address: string;
  /** Of the first answer. Parts of another state of the file would not fit together. */
  #etag: string | undefined;

  constructor(address: string, size: number) {
    this.#address = address;
    this.size = size;
  }

  /**
   * The bytes `[start, end)`.
   *
   * @throws ReaderError `changed`, `truncated`, `offline`, `refused`
   */
  async read(start: number, end: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    if (start < 0 || end > this.size || end <= start) {
      throw new ReaderError('truncated', 'The file ends too early: it was cut off, or is no book.');
    }
    let response: Response;
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      response = await fetch(this.#address, {
        headers: {
          range: `bytes=${String(start)}-${String(end - 1)}`,
          ...(this.#etag === undefined ? {} : { 'if-range': this.#etag }),
        },
        ...(signal === undefined ? {} : { signal }),
      });
      if (response.status === 200 && end - start !== this.size) {
        // The whole file is offered instead of a part of the one that was asked for.
        await response.body?.cancel();
        throw changed();
      }
      if (!response.ok) throw await refusal(response);
      bytes = new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      if (error instanceof ReaderError || signal?.aborted === true) throw error;
      throw new ReaderError(
        'offline',
        'Dogear does not answer. It may be restarting, or the network is away.',
      );
    }
    const etag = response.headers.get('etag') ?? undefined;
    this.#etag ??= etag;
    if (etag !== this.#etag) throw changed();
    if (bytes.length !== end - start) throw new ReaderError('truncated', 'The file ends too early.');
    return bytes;
  }
}

function changed(): ReaderError {
  return new ReaderError('changed', 'The file of the book has changed since it was hashed.');
}

async function refusal(response: Response): Promise<ReaderError> {
  const problem: unknown = await response.json().catch(() => undefined);
  const { code, detail } = codeAndDetail(problem);
  if (code === 'book-changed') return changed();
  if (response.status === 401) return new ReaderError('refused', 'Nobody is signed in any more.');
  return new ReaderError(
    'refused',
    detail ?? `The file of the book cannot be loaded: the answer was ${String(response.status)}.`,
  );
}

/** Of a problem as the API sends it. */
function codeAndDetail(problem: unknown): { readonly code?: string; readonly detail?: string } {
  if (typeof problem !== 'object' || problem === null) return {};
  return {
    ...('code' in problem && typeof problem.code === 'string' ? { code: problem.code } : {}),
    ...('detail' in problem && typeof problem.detail === 'string' ? { detail: problem.detail } : {}),
  };
}
