import { createSqlite } from '../bench-databases.js';
import type { Checkout } from '../checkout.js';
import type { EngineTask } from '../probes/engine-messages.js';
import { EngineSide } from '../probes/engine-side.js';
import { addLibrary, runScan } from '../program-run.js';

/** A figure of one checkout, ready to be measured repeatedly. */
export interface OpenFigure {
  /** Files a second. */
  measure(): Promise<number>;
  close(): Promise<void>;
}

export interface Figure {
  readonly name: string;
  open(checkout: Checkout): Promise<OpenFigure>;
}

export interface FigureFolders {
  /** Libraries. */
  readonly books: string;
  readonly small: string;
  /** Empty. */
  readonly work: string;
}

/** The figures of a comparison: those that need nothing but the two checkouts. */
export function figures({ books, small, work }: FigureFolders): readonly Figure[] {
  return [
    {
      name: 'hashing, 1 thread',
      open: (checkout) => openEngine(checkout, { library: books, jobs: 1 }, 'hash'),
    },
    {
      name: 'hashing, 2 threads',
      open: (checkout) => openEngine(checkout, { library: books, jobs: 2 }, 'hash'),
    },
    {
      name: 'walk',
      open: (checkout) => openEngine(checkout, { library: small, walksAhead: false }, 'walk'),
    },
    { name: 'first scan into SQLite', open: (checkout) => openFirstScan(checkout, books, work) },
    {
      name: 'check of an unchanged library, SQLite',
      open: (checkout) => openUnchanged(checkout, small, work),
    },
  ];
}

async function openEngine(
  checkout: Checkout,
  options: Parameters<typeof EngineSide.start>[1],
  task: EngineTask,
): Promise<OpenFigure> {
  const side = await EngineSide.start(checkout, options);
  return {
    measure: async () => {
      const { files, failed, seconds } = await side.run(task);
      if (failed > 0) throw new Error(`${checkout.label} could not read ${failed} files`);
      return files / seconds;
    },
    close: () => side.close(),
  };
}

async function openFirstScan(checkout: Checkout, library: string, work: string): Promise<OpenFigure> {
  return {
    measure: async () => {
      const database = createSqlite(work);
      try {
        await addLibrary(checkout, work, database.url, library);
        const { files, scanSeconds } = await runScan(checkout, work, database.url);
        return files / scanSeconds;
      } finally {
        await database.drop();
      }
    },
    close: () => Promise.resolve(),
  };
}

async function openUnchanged(checkout: Checkout, library: string, work: string): Promise<OpenFigure> {
  const database = createSqlite(work);
  await addLibrary(checkout, work, database.url, library);
  await runScan(checkout, work, database.url);
  return {
    measure: async () => {
      const { files, unchanged, scanSeconds } = await runScan(checkout, work, database.url);
      if (files !== unchanged) throw new Error(`${checkout.label} takes unchanged files for changed ones`);
      return files / scanSeconds;
    },
    close: () => database.drop(),
  };
}
