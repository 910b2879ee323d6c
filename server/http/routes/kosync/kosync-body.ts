import { documentMistake, parseDocument } from '../../../domain/document.js';
import { METADATA_BYTES, parseFraction, POSITION_BYTES, type Progress } from '../../../sync/progress.js';
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
  const percentage = parseFraction(fields['percentage']);
  if (percentage === undefined) {
    throw new BodyError('field-invalid', "Field 'percentage' has to be a number from 0 to 1.");
  }
  const name = textField(fields['device'], 'device', DEVICE_BYTES);
  const { device_id: deviceId, metadata } = fields;
  // Clients that leave it out write null as well.
  const id =
    deviceId === undefined || deviceId === null ? undefined : textField(deviceId, 'device_id', DEVICE_BYTES);
  return { document, position, percentage, device: { name, id }, metadataJson: metadataText(metadata) };
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

function textField(value: unknown, field: string, limitBytes: number): string {
  if (typeof value !== 'string') throw new BodyError('field-invalid', `Field '${field}' has to be a string.`);
  // A character is at most three bytes, so most texts need no counting.
  if (value.length * 3 > limitBytes && Buffer.byteLength(value) > limitBytes) {
    throw new BodyError('field-invalid', `Field '${field}' is longer than ${String(limitBytes)} bytes.`);
  }
  return value;
}

/** What is too large is left out: a position is worth more than a title. Lua writes an empty table as an array. */
function metadataText(metadata: unknown): string | undefined {
  if (metadata === undefined || metadata === null) return undefined;
  if (Array.isArray(metadata) && metadata.length === 0) return undefined;
  if (!isObject(metadata)) throw new BodyError('field-invalid', "Field 'metadata' has to be an object.");
  try {
    const json = JSON.stringify(metadata);
    return Buffer.byteLength(json) > METADATA_BYTES ? undefined : json;
  } catch (error) {
    // Nested deeper than the stack: too large as well.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
