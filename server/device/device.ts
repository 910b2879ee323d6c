import type { UserId } from '../domain/ids.js';

/** A device as a push describes it. Some clients send no id; the name identifies their devices. */
export interface ReaderDevice {
  readonly name: string;
  readonly id: string | undefined;
}

/** What a push says about the device that sent it. */
export interface DevicePush {
  readonly userId: UserId;
  readonly device: ReaderDevice;
  readonly pushedMs: number;
}

/** The largest length of a name, and of an id, in UTF-8 bytes. Real ones are far shorter. The limit keeps index keys small. */
export const DEVICE_BYTES = 255;

/** A device as lists show it. */
export interface DeviceSummary {
  readonly userId: UserId;
  /** Identifies the device among those of its user; see {@link deviceKey}. */
  readonly key: Buffer;
  /** The name in the latest push of the device. */
  readonly name: string;
  /** The id that the device sends; `undefined` when it sends none. */
  readonly readerId: string | undefined;
  /** The name that the user gave it. */
  readonly friendlyName: string | undefined;
  readonly firstSeenSeconds: number;
  readonly lastSeenSeconds: number;
}

/** The largest number of UTF-16 code units in a friendly name. The column holds 190 characters. */
export const FRIENDLY_NAME_CHARACTERS = 100;

/**
 * Identifies a device among those of its user: `i` and the id that the device sends, or `n` and its name if it sends no
 * id. The letter distinguishes a device without an id from a device whose id equals the name of the first one. An empty
 * id counts as sent.
 */
export function deviceKey({ id, name }: ReaderDevice): string {
  return id === undefined ? `n${name}` : `i${id}`;
}

/**
 * @param key as {@link deviceKey} made it, or its UTF-8 bytes
 * @returns the id in it; `undefined` when the device sent none
 */
export function deviceIdOfKey(key: Buffer | string): string | undefined {
  const text = String(key);
  return text.startsWith('i') ? text.slice(1) : undefined;
}
