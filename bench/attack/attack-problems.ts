import type { AttackRow } from './attack-rounds.js';

/**
 * What no attack may do to the server, a sentence for each. Of pushes whose connection is half-closed some are stored
 * without an answer, as OPERATING.md says: those whose connection ends while they are committed.
 */
export function attackProblems(rows: readonly AttackRow[]): readonly string[] {
  const problems: string[] = [];
  for (const { attack, request, failed, report } of rows) {
    const [calm, attacked] = failed;
    if (calm === 0 && attacked > 0)
      problems.push(`${attack}: ${attacked} honest requests failed (${request})`);
    if (report === undefined) continue;
    if (report.believed > 0)
      problems.push(`${attack}: ${report.believed} requests with doubtful framing were believed`);
    if (report.storedUnanswered > 0 && attack !== 'half-closed push') {
      problems.push(`${attack}: ${report.storedUnanswered} pushes without an answer were stored`);
    }
  }
  // Each honest request of an attack has a row with the same report.
  return [...new Set(problems)];
}
