import { EXIT } from './exit-code.js';

/** A command that has not ended this long after a signal is ended. */
const GRACE_MS = 900;

/** Ctrl-C at a prompt, where the terminal sends a character and not a signal. */
export class InterruptError extends Error {
  override readonly name = 'InterruptError';
}

export interface Interrupt {
  readonly signal: AbortSignal;
  /** The exit code for the signal that came; `undefined` when none came. */
  exitCode(): number | undefined;
  /** Restores the default handling of the signals. Before that, a second signal ends the process at once. */
  release(): void;
}

/** Turns Ctrl-C and SIGTERM into an AbortSignal, so that a command can end cleanly. */
export function listenForInterrupt(): Interrupt {
  const controller = new AbortController();
  let code: number | undefined;
  const stop = (exitCode: number): void => {
    if (code !== undefined) process.exit(exitCode);
    code = exitCode;
    controller.abort(new Error('interrupted'));
    setTimeout(() => process.exit(exitCode), GRACE_MS).unref();
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
