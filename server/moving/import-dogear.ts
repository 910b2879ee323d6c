import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Store } from '../database/store.js';
import { errorCode, errorMessage } from '../domain/error-text.js';
import { exportedRecords } from './dogear-export.js';
import { MoveError } from './move-error.js';
import type { MoveOptions } from './move-context.js';
import { moveIn } from './move-in.js';
import type { MoveTally } from './move-tally.js';

/**
 * Moves in what another Dogear has exported.
 *
 * @param source the path of the file, or a stream
 * @throws MoveError
 */
export async function importDogear(
  store: Store,
  source: string | Readable,
  options: MoveOptions,
): Promise<MoveTally> {
  const stream = typeof source === 'string' ? createReadStream(source) : source;
  return moveIn(store, { records: exportedRecords(readable(stream, source)), listsDevices: true }, options);
}

async function* readable(stream: Readable, source: string | Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) if (chunk instanceof Buffer) yield chunk;
  } catch (error) {
    const name = typeof source === 'string' ? source : 'standard input';
    throw new MoveError(
      errorCode(error) === 'ENOENT'
        ? `There is no file ${name}.`
        : `${name} cannot be read: ${errorMessage(error)}.`,
      error,
    );
  }
}
