import { connect } from 'node:net';

export interface RawReply {
  /** Everything that was received, one character for each byte. */
  readonly text: string;
  readonly isClosed: boolean;
  readonly elapsedMs: number;
}

export interface RawOptions {
  readonly port: number;
  /** Bytes to send; a number is a pause in milliseconds. */
  readonly parts: readonly (string | Buffer | number)[];
  /** Return when this is true of the received text; otherwise at the end of the connection or at the deadline. */
  readonly until?: (text: string) => boolean;
  readonly deadlineMs?: number;
}

/** Sends bytes to a server as they are; an HTTP client would normalize them. */
export async function sendRaw({ port, parts, until, deadlineMs = 15_000 }: RawOptions): Promise<RawReply> {
  const startedMs = performance.now();
  const socket = connect(port, '127.0.0.1');
  const reply = { text: '', isClosed: false };
  const over = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, deadlineMs);
    socket.on('data', (chunk) => {
      reply.text += chunk.toString('latin1');
      if (until?.(reply.text) === true) resolve();
    });
    socket.on('close', () => {
      reply.isClosed = true;
      clearTimeout(timer);
      resolve();
    });
    // The server may reset the connection, which tests look for; `close` follows.
    socket.on('error', () => undefined);
  });
  for (const part of parts) {
    if (typeof part === 'number') await new Promise((resolve) => setTimeout(resolve, part));
    else if (!reply.isClosed) socket.write(part);
  }
  await over;
  const elapsedMs = performance.now() - startedMs;
  const outcome = { ...reply, elapsedMs };
  socket.destroy();
  return outcome;
}
