import type { UserId } from '../domain/ids.js';

/** A device as it names itself in a push. Some clients send no id; then the name identifies the device. */
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

/** The longest name, and the longest id, in UTF-8 bytes. Real ones are far shorter; the bound keeps index keys small. */
export const DEVICE_BYTES = 255;

/** A device as its user sees it. */
export interface DeviceSummary {
  readonly userId: UserId;
  /** Identifies the device among those of its user; see {@link deviceKey}. */
  readonly key: Buffer;
  /** The name that the device sent last. */
  readonly name: string;
  /** The id that the device sends; `undefined` when it sends none. */
  readonly readerId: string | undefined;
  /** The name that the user gave it. */
  readonly friendlyName: string | undefined;
  readonly firstSeenSeconds: number;
  readonly lastSeenSeconds: number;
}

/** Characters of a friendly name; the column holds 190. */
export const FRIENDLY_NAME_CHARACTERS = 100;

/**
 * Identifies a device among those of its user: the id that it sends, behind the letter `i`, or its name behind the
 * letter `n` where it sends no id. The letter keeps a device whose name equals another device's id apart from it, and
 * tells exactly whether an id was sent, even an empty one.
 */
export function deviceKey({ id, name }: ReaderDevice): string {
  return id === undefined ? `n${name}` : `i${id}`;
}

const ID_LETTER = 'i'.charCodeAt(0);

/** The id in a key that {@link deviceKey} made, as UTF-8; `undefined` when the device sent none. */
export function deviceIdOfKey(key: Buffer): string | undefined {
  return key[0] === ID_LETTER ? key.toString('utf8', 1) : undefined;
}
