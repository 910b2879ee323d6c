import { EXIT } from './exit-code.js';

/** A command that does not end by itself within this time of a signal is ended. */
const PATIENCE_MS = 900;

/** Ctrl-C at a prompt, where the terminal sends a character and not a signal. */
export class InterruptError extends Error {
  override readonly name = 'InterruptError';
}

export interface Interrupt {
  readonly signal: AbortSignal;
  /** The exit code of the signal that came, if one did. */
  exitCode(): number | undefined;
  /** Gives the signals back to the system; a second Ctrl-C ends the process at once in any case. */
  release(): void;
}

/** Turns Ctrl-C and SIGTERM into an AbortSignal, so that what runs can end cleanly. */
export function listenForInterrupt(): Interrupt {
  const controller = new AbortController();
  let code: number | undefined;
  const stop = (exitCode: number): void => {
    if (code !== undefined) process.exit(exitCode);
    code = exitCode;
    controller.abort(new Error('interrupted'));
    setTimeout(() => process.exit(exitCode), PATIENCE_MS).unref();
  };
  const onInterrupt = (): void => stop(EXIT.interrupted);
  const onTerminate = (): void => stop(EXIT.terminated);
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  return {
    signal: controller.signal,
    exitCode: () => code,
    release: () => {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
    },
  };
}
