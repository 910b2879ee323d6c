import { CompiledQuery } from 'kysely';

/** A statement that SQLite's thread runs so many times, each with the next cells: its rows are one message, and few cells. */
export interface RepeatedStatement extends CompiledQuery {
  readonly times: number;
}

/**
 * Many runs of one short statement, for SQLite alone and for a transaction: of several runs some may have been carried out
 * when one fails. The result tells how many rows all of them have changed. It must not return rows.
 *
 * @param parameters the cells of all runs, one run after the other
 */
export function repeatedStatement(text: string, parameters: unknown[], times: number): RepeatedStatement {
  return { ...CompiledQuery.raw(text, parameters), times };
}

/** How often the statement is to be run. */
export function timesOf(statement: CompiledQuery): number {
  return 'times' in statement && typeof statement.times === 'number' ? statement.times : 1;
}
