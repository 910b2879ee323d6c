import { BaseSequencer } from 'vitest/node';

// What took 8 to 30 seconds on 2 cores, the longest first: a file that takes long and begins last is one that all cores
// wait for. vitest goes by what the last run took, which a fresh checkout does not know.
const LONGEST = [
  'server/http/routes/kosync/credentials',
  'server/http/routes/api/scans',
  'server/cli/user-commands',
  'server/cli/scan-commands',
  'server/cli/killed-scan',
  'bench/quick-run',
  'server/http/uws-requests',
  'engine/pool/bounded-memory',
  'server/http/routes/api/database-away',
  'server/http/routes/api/users',
  'server/http/routes/kosync/unknown-documents',
  'server/compose/translation-thread',
  'server/http/routes/kosync/errors',
  'engine/walk/walk-order',
  'engine/digest/reference',
  'server/scan/slow-storage',
];

/** The longest first, and the rest in vitest's own order. */
export default class LongestFirst extends BaseSequencer {
  async sort(files) {
    const place = ({ moduleId }) => {
      const index = LONGEST.findIndex((name) => moduleId.endsWith(`/dist/test/${name}.test.js`));
      return index === -1 ? LONGEST.length : index;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- it is the sequencer's, which makes a new list
    const usual = await super.sort(files);
    return usual.toSorted((one, other) => place(one) - place(other));
  }
}
