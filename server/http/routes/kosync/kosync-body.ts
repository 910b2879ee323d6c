import { documentMistake, parseDocument } from '../../../domain/document.js';
import { parseClaims } from '../../../sync/claims.js';
import { metadataText, parseFraction, POSITION_BYTES, type Progress } from '../../../sync/progress.js';
import { DEVICE_BYTES } from '../../../device/device.js';
import type { KosyncFailureCode } from './kosync-failure.js';

/** A request body that is refused; the code is one of the table in kosync-failure.ts. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly code: KosyncFailureCode;

  constructor(code: KosyncFailureCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** @throws BodyError `body-not-json`, `body-not-object` */
export function parseJsonObject(body: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new BodyError('body-not-json', 'The request body is not valid JSON.');
  }
  if (!isObject(value)) throw new BodyError('body-not-object', 'The request body is not a JSON object.');
  return value;
}

/**
 * Reads the body of a push. By hand, not by a schema: it is on the path of every push, and the order of the checks
 * and their codes are the protocol's. Only the fields that are named here are ever looked at.
 *
 * @throws BodyError
 */
export function parseProgress(body: string): Progress {
  const fields = parseJsonObject(body);
  const document = parseDocument(fields['document']);
  if (document === undefined) throw wrongDocument(fields['document']);
  const position = textField(fields['progress'], 'progress', POSITION_BYTES);
  const percentage = parseFraction(numberField(fields['percentage']));
  if (percentage === undefined) {
    throw new BodyError('field-invalid', "Field 'percentage' has to be a number from 0 to 1.");
  }
  const name = textField(fields['device'], 'device', DEVICE_BYTES);
  const { device_id: deviceId, metadata } = fields;
  // Not every client has one. Clients that leave it out write null as well.
  const id =
    typeof deviceId === 'string' || typeof deviceId === 'number'
      ? textField(deviceId, 'device_id', DEVICE_BYTES)
      : undefined;
  const progress = { document, position, percentage, device: { name, id } };
  const { identifiers } = fields;
  // Most readers send none.
  if (identifiers === undefined) return { ...progress, metadataJson: metadataText(metadata) };
  const claims = parseClaims(identifiers);
  // Kept with the metadata, so that people see them.
  const said =
    claims.length === 0 ? metadata : { ...(isObject(metadata) ? metadata : {}), identifiers: claims };
  return { ...progress, metadataJson: metadataText(said), claims };
}

function wrongDocument(document: unknown): BodyError {
  const mistake = documentMistake(document);
  if (mistake === 'too-long') {
    return new BodyError('document-too-long', "Field 'document' is longer than 255 bytes.");
  }
  if (mistake === 'not-text') {
    return new BodyError('document-not-text', "Field 'document' is not valid text.");
  }
  return new BodyError('document-missing', "Field 'document' is missing.");
}

/** A text, or a number as text: older KOReaders and other clients send page numbers as numbers. */
function textField(value: unknown, field: string, limitBytes: number): string {
  if (typeof value === 'number' && Number.isFinite(value)) return luaNumberText(value);
  if (typeof value !== 'string') throw new BodyError('field-invalid', `Field '${field}' has to be a string.`);
  // A character is at most three bytes, so most texts need no counting.
  if (value.length * 3 > limitBytes && Buffer.byteLength(value) > limitBytes) {
    throw new BodyError('field-invalid', `Field '${field}' is longer than ${String(limitBytes)} bytes.`);
  }
  return value;
}

/** The digits that Lua prints of a number. */
const LUA_DIGITS = 14;

/** Larger numbers are no integers to lua-resty-redis. */
const LUA_INTEGER = 2 ** 63;

/**
 * The text that koreader-sync-server stores of a number: 3 is `3`, 3.5 is `3.5`, 1e20 is `1e+20`. lua-resty-redis (0.34)
 * writes integers with all their digits, and leaves other numbers to Lua's `tostring`, which is `%.14g` of C.
 */
function luaNumberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) <= LUA_INTEGER) return String(BigInt(value));
  const [digits = '', power = '0'] = value.toExponential(LUA_DIGITS - 1).split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < LUA_DIGITS) return String(Number(value.toPrecision(LUA_DIGITS)));
  const sign = exponent < 0 ? '-' : '+';
  return `${String(Number(digits))}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** More than any program writes for a fraction. */
const NUMBER_CHARACTERS = 64;
/** In no text are there two ways to divide the digits, so that a long one costs no more than reading it. */
const NUMBER_TEXT = /^(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?$/i;

/** A number, also one that was sent as text, which koreader-sync-server converts. */
function numberField(value: unknown): unknown {
  if (typeof value !== 'string' || value.length > NUMBER_CHARACTERS) return value;
  return NUMBER_TEXT.test(value) ? Number(value) : value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
