import { post } from '../api.js';
import { useAction } from '../parts/action.jsx';
import { Problem } from '../parts/problem.jsx';
import type { ReaderFailure } from './reader-error.js';
import type { Me } from './reader-page.jsx';

interface RetryButtonProps {
  readonly bookId: string | number;
  /** Why the book cannot be shown; `undefined` when the server has said it. */
  readonly failure: ReaderFailure | undefined;
  readonly me: Me | undefined;
  readonly onRetry: () => void;
}

/** Tries again. A file that has changed is hashed first, by whoever may do that; for others the server does it by and by. */
export function RetryButton({ bookId, failure, me, onRetry }: RetryButtonProps) {
  const hashing = useAction();
  if (failure !== 'changed' || me?.permissions.includes('library:scan') !== true) {
    return (
      <button type="button" onClick={onRetry}>
        Try again
      </button>
    );
  }
  return (
    <>
      <button
        type="button"
        class="main"
        aria-disabled={hashing.isRunning}
        onClick={() =>
          void hashing
            .run(() => post('/books/{id}/hash', { params: { id: bookId }, body: {} }))
            .then((isDone) => (isDone ? onRetry() : undefined))
        }
      >
        {hashing.isRunning ? 'Reading the file…' : 'Hash it again and open it'}
      </button>
      <Problem error={hashing.error} />
    </>
  );
}
