import { BaseSequencer } from 'vitest/node';

// The test files that took 8 to 80 seconds on 2 cores, the longest first. If one of them started last, the other cores
// would be idle until it ends. vitest sorts by the durations of the last run, which a fresh checkout does not have.
const LONGEST = [
  'server/cli/user-commands',
  'server/cli/scan-commands',
  'server/console/long-story',
  'server/console/first-run',
  'server/cli/killed-scan',
  'server/cli/import-koreader-sync-server',
  'server/database/mysql/galera',
  'server/console/live-updates',
  'server/scan/moved-library',
  'server/http/routes/api/permissions',
  'server/console/keyboard',
  'server/console/sessions',
  'server/console/books',
  'server/console/libraries',
  'server/http/routes/kosync/credentials',
  'server/http/routes/api/scans',
  'server/http/routes/api/sessions',
  'server/cli/console-command',
  'server/console/every-page',
  'server/console/home',
  'server/console/users',
  'server/console/navigation',
  'server/console/account',
  'server/console/reading',
  'server/console/koreader-setup',
  'server/console/api-keys',
  'server/console/devices',
  'server/probe/check-address',
  'server/cli/bytes-arguments',
  'server/compose/process-limits',
  'bench/quick-run',
  'bench/serve-run',
  'bench/scale-run',
  'server/http/uws-requests',
  'engine/pool/bounded-memory',
  'server/http/routes/api/database-away',
  'server/http/routes/api/users',
  'server/http/routes/kosync/unknown-documents',
  'server/compose/translation-thread',
  'server/http/routes/kosync/errors',
  'engine/walk/walk-order',
  'engine/digest/reference',
  'server/compose/full-disk',
  'server/database/sqlite/file-trouble',
  'server/scan/slow-storage',
  'server/positions/bounded-work',
  'package',
  'release',
];

/** Runs the long files first and the others in vitest's order. */
export default class LongestFirst extends BaseSequencer {
  async sort(files) {
    const place = ({ moduleId }) => {
      const index = LONGEST.findIndex((name) => moduleId.endsWith(`/dist/test/${name}.test.js`));
      return index === -1 ? LONGEST.length : index;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- this `sort` is the sequencer's and returns a new list
    const usual = await super.sort(files);
    return usual.toSorted((one, other) => place(one) - place(other));
  }
}
