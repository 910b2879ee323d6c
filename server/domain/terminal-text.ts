/**
 * Characters that could take over a terminal or mislead its reader: control characters (C0 but the line feed, DEL, C1),
 * the line and paragraph separators, and those that change the direction of the text around them.
 */
const UNSAFE =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text for a terminal. Names of files, books and users may hold anything, so everything that the program prints passes
 * through here. Unsafe characters are escaped: below U+0080 as `\x1b`, from there on as `\u202e`. Line feeds stay.
 */
export function terminalText(text: string): string {
  return text.replaceAll(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    const digits = code.toString(16);
    return code < 0x80 ? `\\x${digits.padStart(2, '0')}` : `\\u${digits.padStart(4, '0')}`;
  });
}

/** JSON text for a terminal: unsafe characters, which stand in strings only, are escaped as JSON does it. */
export function terminalJson(json: string): string {
  return json.replaceAll(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
