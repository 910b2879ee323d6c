/** Whether an error means that the database is away or busy: the same request may succeed later. */
export { isRetryable as isDatabaseAway } from './database-error.js';
