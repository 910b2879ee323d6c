import { distance } from 'fastest-levenshtein';

/** Longer texts are no mistyped names, and the time that the distance takes grows with the square of their length. */
const LONGEST_TYPED = 100;

/**
 * The name that was probably meant: the one with the fewest letters to insert, remove or replace, if these are no more
 * than a third of what was typed. Two letters in the wrong order count as two. Case, hyphens and underscores do not
 * count.
 */
export function nearestName(typed: string, names: Iterable<string>): string | undefined {
  if (typed.length > LONGEST_TYPED) return undefined;
  const plainTyped = plain(typed);
  // Two letters in the wrong order are forgiven from four letters on, as in `prot`.
  let most = Math.max(typed.length < 4 ? 1 : 2, Math.floor(typed.length / 3));
  let nearest: string | undefined;
  for (const name of names) {
    const letters = distance(plainTyped, plain(name));
    if (letters > most) continue;
    most = letters - 1;
    nearest = name;
  }
  return nearest;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '');
}
