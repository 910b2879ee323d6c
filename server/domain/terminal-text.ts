/**
 * Inside the brackets of a regular expression: characters that could take over a terminal or mislead its reader. They are
 * control characters (C0, DEL, C1), the line and paragraph separators, and marks that change the direction of text.
 */
export const MISLEADING_CHARACTERS = String.raw`\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}`;

const UNSAFE = new RegExp(String.raw`(?!\n)[${MISLEADING_CHARACTERS}]`, 'gu');

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

/** Bytes that are not UTF-8, such as the name of a file, for people: each byte above ASCII shows as `\xNN`. */
export function escapedBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`,
  ).join('');
}
