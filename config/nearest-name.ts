import { distance } from 'fastest-levenshtein';

/** Longer texts are no mistyped names, and the time that the distance takes grows with the square of their length. */
const LONGEST_TYPED = 100;

/**
 * The name that was probably meant: the one with the fewest letters to insert, remove or replace, if these are no more
 * than a third of what was typed, and at least one. Two neighbours in the wrong order count as one letter. Case, hyphens
 * and underscores do not count.
 */
export function nearestName(typed: string, names: Iterable<string>): string | undefined {
  if (typed.length > LONGEST_TYPED) return undefined;
  const plainTyped = plain(typed);
  const swapped = neighboursSwapped(plainTyped);
  let most = Math.max(1, Math.floor(typed.length / 3));
  let nearest: string | undefined;
  for (const name of names) {
    const plainName = plain(name);
    const afterSwap = swapped.map((text) => distance(text, plainName) + 1);
    const letters = Math.min(distance(plainTyped, plainName), ...afterSwap);
    if (letters > most) continue;
    most = letters - 1;
    nearest = name;
  }
  return nearest;
}

/** `prot` → `rpot`, `port`, `prto`. */
function neighboursSwapped(text: string): readonly string[] {
  return Array.from({ length: Math.max(0, text.length - 1) }, (_, at) =>
    [text.slice(0, at), text[at + 1], text[at], text.slice(at + 2)].join(''),
  );
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '');
}
