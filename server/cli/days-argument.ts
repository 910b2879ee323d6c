import { InvalidArgumentError } from 'commander';

const MOST_DAYS = 36_500;

/** `90d` or `90`. */
export function parseDays(value: string): number {
  const days = Number(/^(\d{1,5})d?$/.exec(value)?.[1] ?? NaN);
  if (days <= MOST_DAYS) return days;
  throw new InvalidArgumentError(`Expected days, such as 90d, at most ${String(MOST_DAYS)}.`);
}
