import type { ComponentChildren } from 'preact';
import type { ApiError } from '../api.js';

interface ProblemProps {
  readonly error: Pick<ApiError, 'message'> | undefined;
  readonly children?: ComponentChildren;
}

/** Says what went wrong and what to do; nothing while nothing went wrong. */
export function Problem({ error, children }: ProblemProps) {
  if (error === undefined) return null;
  return (
    <div class="problem" role="alert">
      <p>{error.message}</p>
      {children}
    </div>
  );
}

/** @param unless why it does not load any more, which is said elsewhere */
export function Loading({ unless }: { readonly unless?: unknown }) {
  if (unless !== undefined) return null;
  return (
    <p class="loading" role="status">
      Loading…
    </p>
  );
}

/** Instead of what is not there: it is loading, or could not be loaded. */
export function Pending({ error, children }: ProblemProps) {
  return error === undefined ? <Loading /> : <Problem error={error}>{children}</Problem>;
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
