import type { Logger } from 'pino';
import { DogearError } from '../domain/dogear-error.js';
import { SyncError } from '../domain/sync-error.js';
import type { Answer } from './answer.js';
import { loggedError } from './logged-error.js';
import { problem, type ProblemCode, ProblemError, PROBLEMS } from './problem.js';
import type { Failure } from './route.js';

export interface ProblemOptions {
  /** Whether an error means that the database is away or busy, so that the same request may succeed later. */
  readonly isDatabaseAway: (error: unknown) => boolean;
  readonly log: Pick<Logger, 'error'>;
}

/** The answer to a request of the management API that failed. An unexpected error is logged, and not shown. */
export function problemOfFailure(failure: Failure, options: ProblemOptions): Answer {
  switch (failure.kind) {
    case 'not-found':
      return problem('not-found', 'The addresses of this API are described at /api/v1/openapi.json.');
    case 'method-not-allowed': {
      const allowed = failure.allowed.join(', ');
      return problem('method-not-allowed', `This address takes ${allowed}.`, {
        headers: [['allow', allowed]],
      });
    }
    case 'bad-path':
      return problem('path-invalid', 'The path has an escape, or bytes, that are no text.');
    case 'body-too-large':
      return problem('body-too-large', `The body is longer than ${String(failure.limitBytes)} bytes.`);
    case 'framing-doubtful':
      return problem(
        'framing-doubtful',
        'Send one Content-Length, or "Transfer-Encoding: chunked" alone, and nothing else about the length of the body.',
      );
    case 'thrown':
      return problemOfError(failure.error, options);
    default:
      return failure satisfies never;
  }
}

function problemOfError(error: unknown, { isDatabaseAway, log }: ProblemOptions): Answer {
  if (error instanceof ProblemError) return problem(error.code, error.message, error);
  if ((error instanceof DogearError || error instanceof SyncError) && isProblemCode(error.code)) {
    return problem(error.code, error.message);
  }
  // Why is in the log already, once for many requests.
  if (isDatabaseAway(error)) return problem('unavailable', 'The database does not answer. Try again later.');
  log.error({ error: loggedError(error) }, 'a management request failed');
  return problem('internal', 'The log of the server says more.');
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}
