import type { ComponentChildren } from 'preact';
import type { ApiError } from '../api.js';

interface ProblemProps {
  readonly error: Pick<ApiError, 'message'>;
  readonly children?: ComponentChildren;
}

/** Says what went wrong and what to do. */
export function Problem({ error, children }: ProblemProps) {
  return (
    <div class="problem" role="alert">
      <p>{error.message}</p>
      {children}
    </div>
  );
}

interface EmptyProps {
  /** "No library yet." */
  readonly says: string;
  /** What to do about it: a sentence, a link, or a button. */
  readonly children?: ComponentChildren;
}

/** Stands where a list would stand. */
export function Empty({ says, children }: EmptyProps) {
  return (
    <div class="empty">
      <p>{says}</p>
      {children}
    </div>
  );
}
