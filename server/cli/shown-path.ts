import { isUtf8 } from 'node:buffer';

/**
 * A path for people: as text, with what would break the line or the terminal escaped. Bytes that are no UTF-8
 * show as `\xNN`.
 */
export function shownPath(path: Buffer): string {
  const text = isUtf8(path) ? path.toString() : escapeInvalid(path);
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f]/g, (character) =>
    character === '\n' ? '\\n' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

function escapeInvalid(path: Buffer): string {
  return Array.from(path, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`,
  ).join('');
}

/** A path in JSON: text where it is text, otherwise its bytes in base64 beside a readable form. */
export function jsonPath(path: Buffer): { readonly path: string; readonly path_base64?: string } {
  return isUtf8(path)
    ? { path: path.toString() }
    : { path: shownPath(path), path_base64: path.toString('base64') };
}
