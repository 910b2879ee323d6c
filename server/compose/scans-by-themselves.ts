import type { Logger } from 'pino';
import type { Configuration } from '../../config/schema.js';
import type { Store } from '../database/store.js';
import { errorMessage } from '../domain/error-text.js';
import { getLibrariesByName } from '../library/get-library.js';
import { AutomaticScans } from '../scan/automatic-scans.js';
import type { BackgroundScans } from '../scan/background-scans.js';
import { runAtTimes } from '../scan/scan-schedule.js';
import { closeAll } from './close-all.js';
import { WatchThread } from './watch-thread.js';

/** Begins scans at the times of `library.schedule` and, with `library.watch`, after something was touched. */
export function startAutomaticScans(
  { schedule, watch, watch_quiet_seconds: quietSeconds }: Configuration['library'],
  { store, scans, log }: { readonly store: Store; readonly scans: BackgroundScans; readonly log: Logger },
): { close(): Promise<void> } {
  const onError = (error: unknown): void => {
    log.warn({ error: errorMessage(error) }, 'a scan that nobody asked for did not begin');
  };
  const automatic = new AutomaticScans({ store, scans, quietMs: quietSeconds * 1000, onError });
  const times = schedule === undefined ? undefined : runAtTimes(schedule, () => automatic.scanAll());
  const thread = watch
    ? new WatchThread({
        libraries: () => getLibrariesByName(store, []),
        onTouched: (id, paths) => automatic.touched(id, paths),
        onProblem: (id, text) => {
          log.warn({ library: id, reason: text }, 'a library is not watched as a whole');
        },
        onError,
      })
    : undefined;
  return {
    close: () =>
      closeAll(
        () => times?.close(),
        () => thread?.close(),
        () => automatic.close(),
      ),
  };
}
