import { type Engine, EngineError } from '../../engine/index.js';
import { withDeadline } from '../domain/deadline.js';
import type { SharedCount } from '../domain/shared-count.js';
import type { Library } from '../library/library.js';

/** How long what was found out about a root is used again. A page asks for it whenever something has changed. */
const VALID_MS = 30_000;
/** How long a caller waits. Storage that answers takes milliseconds. */
const WAIT_MS = 2000;
/** Roots that the process looks at together. A dead file server keeps a thread of the engine for each. */
const LOOKS_AT_ONCE = 4;
/** More than there are libraries. */
const REMEMBERED = 1000;

const PROBLEMS: Readonly<Record<string, string>> = {
  'root-missing': 'The folder is not there. Is its disk mounted?',
  'root-not-a-folder': 'The root is not a folder.',
  'root-unreadable': 'The folder cannot be read.',
  'root-is-link': 'The folder is reached by a symbolic link now, which scans do not follow.',
  'root-changed': 'The folder has just been replaced by another.',
};
const NO_ANSWER = 'The storage does not answer.';

interface Look {
  readonly beganMs: number;
  readonly problem: Promise<string | undefined>;
  isOver: boolean;
}

/** Says whether the roots of libraries are there. Looks are made by the engine's threads, because storage may hang. */
export class RootChecks {
  readonly #engine: Pick<Engine, 'hash'>;
  /** By root. A look that hangs stays until it has ended, so that a second one does not hang beside it. */
  readonly #looks = new Map<string, Look>();

  readonly #running: SharedCount;

  /** @param running looks of the process, in all its threads */
  constructor(engine: Pick<Engine, 'hash'>, running: SharedCount) {
    this.#engine = engine;
    this.#running = running;
  }

  /** @returns for people; `undefined`: the root is there, or nothing can be said at the moment */
  async problemOf({ root }: Library): Promise<string | undefined> {
    const key = root.toString('latin1');
    const known = this.#looks.get(key);
    const isValid = known !== undefined && (!known.isOver || performance.now() - known.beganMs < VALID_MS);
    if (!isValid && !this.#running.tryAdd(LOOKS_AT_ONCE)) return undefined;
    const { problem } = isValid ? known : this.#begin(key, root);
    return withDeadline(problem, WAIT_MS, () => NO_ANSWER);
  }

  #begin(key: string, root: Buffer): Look {
    const look: Look = { beganMs: performance.now(), problem: this.#look(root), isOver: false };
    this.#looks.delete(key);
    this.#looks.set(key, look);
    const [oldest] = this.#looks.keys();
    if (this.#looks.size > REMEMBERED && oldest !== undefined) this.#looks.delete(oldest);
    void look.problem.then(() => {
      look.isOver = true;
      this.#running.subtract();
      return undefined;
    });
    return look;
  }

  async #look(root: Buffer): Promise<string | undefined> {
    try {
      // Nothing is hashed: the engine looks at the root, as it does before a scan.
      for await (const batch of this.#engine.hash(root, [], { rootMustStay: true })) void batch;
      return undefined;
    } catch (error) {
      // What else the engine throws says nothing of the root.
      return error instanceof EngineError ? PROBLEMS[error.code] : undefined;
    }
  }
}
