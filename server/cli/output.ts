/** Results go to standard output, everything else to standard error. */
export function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function writeBytes(bytes: Buffer): void {
  process.stdout.write(bytes);
}

export function writeJsonLine(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

export function writeError(message: string): void {
  process.stderr.write(`dogear: ${message}\n`);
}

export function writeNote(message: string): void {
  process.stderr.write(`${message}\n`);
}

/** Waits until all output has left the process, so that none is lost when the process ends. */
export async function flushOutput(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(flush));
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}

/** Ends the process without an error when the reader of a pipe closes it early (`| head`). */
export function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
}
