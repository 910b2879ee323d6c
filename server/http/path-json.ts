import { isUtf8 } from 'node:buffer';
import { z } from 'zod';

/** How an answer writes a path, which is bytes. */
export const pathSchema = z.strictObject({
  text: z.string().describe('for people: bytes that are no UTF-8 are U+FFFD'),
  base64: z.string().nullable().describe('the bytes, where the text is not all of them'),
});

export function pathJson(path: Buffer): z.input<typeof pathSchema> {
  return { text: path.toString('utf8'), base64: isUtf8(path) ? null : path.toString('base64') };
}
