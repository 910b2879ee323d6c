// Browsers take `.` and `..` for folders, encoded too. They are written with a tilde, and what looks like that with one more.

/** Any text as a part of a path. */
export function pathPart(text: string): string {
  return encodeURIComponent(text.replace(/^~*\.\.?$/, '~$&'));
}

/** @param part decoded */
export function textOfPart(part: string): string {
  return part.replace(/^~(?=~*\.\.?$)/, '');
}
