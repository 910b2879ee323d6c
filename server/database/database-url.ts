import { DATABASE_URL_EXPECTED, databaseLocation, type DatabaseLocation } from '../../config/database-url.js';
import { StorageError } from './database-error.js';

/**
 * Where a database URL points to. The message of the error does not repeat the URL, which may hold a password.
 *
 * @throws StorageError `bad-database-url`
 */
export function parseDatabaseUrl(url: string): DatabaseLocation {
  const location = databaseLocation(url);
  if (location === undefined) {
    throw new StorageError('bad-database-url', `The database URL must be ${DATABASE_URL_EXPECTED}.`);
  }
  return location;
}
