import type { Configuration } from '../../config/schema.js';
import type { Engine } from '../../engine/index.js';
import { composeEngine } from './engine.js';
import { closeAll } from './close-all.js';
import { scanLibrary } from '../scan/scan-library.js';
import type { ScanLibrary } from './scan-thread.js';
import { adoptUnmatched } from '../sync/adopt-unmatched.js';
import { composeStore } from './composed-store.js';
import type { OpenStore } from '../database/store.js';

/** Everything that a scan needs. `close` closes the engine, then the database. */
export interface Program {
  readonly store: OpenStore;
  readonly engine: Engine;
  /** Scans a library. What was refused of documents that have a book by now becomes progress afterwards. */
  readonly scan: ScanLibrary;
  close(): Promise<void>;
}

/** @param onAdoptionError called with what kept {@link adoptUnmatched} from its end; the next scan tries it again */
export async function composeProgram(
  configuration: Pick<Configuration, 'database' | 'engine' | 'library'>,
  onAdoptionError: (error: unknown) => void,
): Promise<Program> {
  const store = await composeStore(configuration);
  const engine = composeEngine(configuration);
  return {
    store,
    engine,
    scan: async (library, options) => {
      const { change_check: changeCheck } = configuration.library;
      const summary = await scanLibrary({ store, engine, changeCheck }, library, options);
      await adoptUnmatched(store).catch(onAdoptionError);
      return summary;
    },
    close: () =>
      closeAll(
        () => engine.close(),
        () => store.close(),
      ),
  };
}
