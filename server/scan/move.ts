import type { BookId } from '../domain/ids.js';

/** A book that a file found under a new path may have been. */
export interface MoveCandidate {
  readonly id: BookId;
  readonly path: Buffer;
  readonly sizeBytes: number;
  /** Its file is known to be gone from its old path. */
  readonly gone: boolean;
}

/**
 * Which gone book a newly found file is, if any: of the same digest (the caller's search) and size, and not
 * taken by another file of this scan. Between several, the one of the same file name, then the oldest.
 */
export function chooseMoved<C extends MoveCandidate>(
  file: { readonly path: Buffer; readonly sizeBytes: number },
  candidates: readonly C[],
  taken: ReadonlySet<BookId>,
): C | undefined {
  const possible = candidates.filter(
    (candidate) => candidate.gone && candidate.sizeBytes === file.sizeBytes && !taken.has(candidate.id),
  );
  const name = baseName(file.path);
  return possible.find((candidate) => baseName(candidate.path).equals(name)) ?? possible[0];
}

export function baseName(path: Buffer): Buffer {
  return path.subarray(path.lastIndexOf(0x2f) + 1);
}
