import type { Kysely, QueryExecutorProvider } from 'kysely';
import type { SqlDialect } from '../store.js';
import { catalogue } from './0001-catalogue.js';
import { sync } from './0002-sync.js';
import { documentProgress } from './0003-document-progress.js';
import { copyNewestProgress, deviceProgress } from './0004-device-progress.js';
import { userNames } from './0005-user-names.js';
import { runningScanIndex } from './0006-running-scans.js';
import { sessions } from './0007-sessions.js';
import { apiKeyLookup } from './0008-api-key-lookup.js';
import { progressHistory } from './0009-progress-history.js';
import { changeMarks } from './0010-change-marks.js';
import { scanFailures } from './0011-scan-failures.js';
import { pushHours } from './0012-push-hours.js';
import { stateMarks } from './0013-state-marks.js';
import { skipRules } from './0014-skip-rules.js';
import { unmatchedDocuments } from './0015-unmatched-documents.js';
import { documentLinks } from './0016-document-links.js';
import { keptDigests } from './0017-kept-digests.js';
import { touchedScans } from './0019-touched-scans.js';
import { keptLinks } from './0020-kept-links.js';
import { wholeHashes } from './0021-whole-hashes.js';
import { listedNames } from './0022-listed-names.js';
import { bookMetadata } from './0018-book-metadata.js';
import { cacheMarks } from './0023-cache-marks.js';

/** @returns what people must be told about it */
export type MigrationStep = (db: Kysely<unknown>, dialect: SqlDialect) => Promise<readonly string[] | void>;

export interface SchemaMigration {
  /**
   * Long work that is done first, outside of a transaction, while servers of the release before go on serving: copies in
   * bounded pages. It may be stopped and run again, and several programs may run it at once.
   */
  readonly prepare?: (db: QueryExecutorProvider, dialect: SqlDialect) => Promise<void>;
  /** SQLite runs it in one transaction. MySQL commits each statement by itself, so every statement may run twice. */
  readonly up: MigrationStep;
}

/**
 * Every change of the schema, oldest first. A migration adds; what it replaces is dropped one release later. Where the
 * meaning of a table changes, the table is renamed: a server of the release before then fails instead of acknowledging
 * what nobody would read. A released migration is never changed or removed, and holds literals
 * instead of constants of the program, which may change. There are no down migrations: the way back is a backup.
 * test/server/database/schema-versions.test.ts compares the schema after each migration with a stored dump.
 */
export const MIGRATIONS: Readonly<Record<string, SchemaMigration>> = {
  '0001-catalogue': { up: catalogue },
  '0002-sync': { up: sync },
  '0003-document-progress': { up: documentProgress },
  '0004-device-progress': { prepare: copyNewestProgress, up: deviceProgress },
  '0005-user-names': { up: userNames },
  '0006-running-scans': { up: runningScanIndex },
  '0007-sessions': { up: sessions },
  '0008-api-key-lookup': { up: apiKeyLookup },
  '0009-progress-history': { up: progressHistory },
  '0010-change-marks': { up: changeMarks },
  '0011-scan-failures': { up: scanFailures },
  '0012-push-hours': { up: pushHours },
  '0013-state-marks': { up: stateMarks },
  '0014-skip-rules': { up: skipRules },
  '0015-unmatched-documents': { up: unmatchedDocuments },
  '0016-document-links': { up: documentLinks },
  '0017-kept-digests': { up: keptDigests },
  '0018-book-metadata': { up: bookMetadata },
  '0019-touched-scans': { up: touchedScans },
  '0020-kept-links': { up: keptLinks },
  '0021-whole-hashes': { up: wholeHashes },
  '0022-listed-names': { up: listedNames },
  '0023-cache-marks': { up: cacheMarks },
};
