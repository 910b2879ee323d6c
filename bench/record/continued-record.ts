import { SUITES, type SuiteName } from '../arguments.js';
import type { Findings } from '../suite.js';
import { judge, TARGETS } from '../targets.js';
import type { RunRecord } from './run-record.js';

/** The record with what a suite found. What it had of the same suite before is replaced, but for facts of other names. */
export function withSuite(record: RunRecord, suite: SuiteName, findings: Findings): RunRecord {
  const isOther = (figure: { readonly suite: SuiteName }): boolean => figure.suite !== suite;
  const suites = SUITES.filter((name) => name === suite || record.suites.includes(name));
  const verdicts = judge(findings.targets, [suite]);
  const ownTargets = new Set<string>(verdicts.map(({ id }) => id));
  const ids: readonly string[] = TARGETS.map(({ id }) => id);
  return {
    ...record,
    suites,
    targets: [...record.targets.filter(({ id }) => !ownTargets.has(id)), ...verdicts].toSorted(
      (left, right) => ids.indexOf(left.id) - ids.indexOf(right.id),
    ),
    ratios: [...record.ratios.filter(isOther), ...findings.ratios],
    series: [...record.series.filter(isOther), ...findings.series],
    facts: { ...record.facts, ...findings.facts },
    notes: [
      ...record.notes.filter((note) => !note.startsWith(`${suite}: `)),
      ...findings.notes.map((note) => `${suite}: ${note}`),
    ],
    pictures: [
      ...(record.pictures ?? []).filter(isOther),
      ...findings.attachments.map(({ name, title }) => ({ suite, file: name, title })),
    ],
  };
}

/**
 * The record that a run adds to.
 *
 * @param fresh what the record would be if the run began it
 * @throws Error when the two would not belong together
 */
export function continuedRecord(found: RunRecord, fresh: RunRecord): RunRecord {
  if (found.revision.commit !== fresh.revision.commit) {
    throw new Error(
      `the record is of commit ${found.revision.commit.slice(0, 12)}, and this is ${fresh.revision.commit.slice(0, 12)}: ` +
        'name another folder with --record',
    );
  }
  if (found.isQuick !== fresh.isQuick) {
    throw new Error('a quick run and a full one do not share a record: name another folder with --record');
  }
  return {
    ...found,
    command: found.command === fresh.command ? found.command : `${found.command}; ${fresh.command}`,
    revision: { ...found.revision, isDirty: found.revision.isDirty || fresh.revision.isDirty },
  };
}
