/** The task of a load process. Task and report cross the process boundary as JSON. */
export interface LoadDevice {
  /** Unique among the devices of the fleet. */
  readonly number: number;
  readonly userId: number;
  /** `/koreader/KEY`, or empty for the account routes. */
  readonly pathPrefix: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly books: readonly LoadBook[];
}

export interface LoadBook {
  /** The same for all documents of one book. */
  readonly register: string;
  /** The document by which this device knows the book. */
  readonly document: string;
}

export interface LoadPlan {
  /** Each request goes to one of these ports. */
  readonly ports: readonly number[];
  readonly devices: readonly LoadDevice[];
  /** Pause of a device between an answer and its next request; 0 for none. */
  readonly pauseMs: number;
}

/** A request that was not answered 200. */
export interface FailedRequest {
  readonly method: string;
  /** 0: the connection failed, or there was no answer in time. */
  readonly status: number;
  readonly sentMs: number;
  readonly answeredMs: number;
}

/** The name of a device, made from its number. Two devices of the same model have the same name. */
function deviceName(deviceNumber: number): string {
  return `Reader model ${String(deviceNumber % 3)}`;
}

/** Every seventh device sends no id, and a name of its own instead. */
export function deviceFields(deviceNumber: number): { readonly device: string; readonly device_id?: string } {
  return deviceNumber % 7 === 0
    ? { device: `Nameless ${String(deviceNumber)}` }
    : { device: deviceName(deviceNumber), device_id: `device-${String(deviceNumber)}` };
}

/** The name of a row in the histories of sync: the position of one device in one document of a user. */
export function rowOf(userId: number, document: string, deviceNumber: number): string {
  return `${String(userId)} ${document} ${String(deviceNumber)}`;
}

/** A position that is unique to this push and names its device, so that pulls can be checked. */
export function positionOf(deviceNumber: number, push: number): string {
  return `/body/DocFragment[${String(push)}]/body/p[${String(deviceNumber)}]/text().0`;
}

/** Derived from the position, with all digits of a double. */
export function percentageOf(deviceNumber: number, push: number): number {
  return ((deviceNumber * 7919 + push * 104_729) % 1_000_003) / 1_000_003;
}

/** @returns `undefined` for a position that no device has made */
export function parsePosition(
  position: string,
): { readonly deviceNumber: number; readonly push: number } | undefined {
  const [, push, deviceNumber] =
    /^\/body\/DocFragment\[(\d+)\]\/body\/p\[(\d+)\]\/text\(\)\.0$/.exec(position) ?? [];
  return push === undefined || deviceNumber === undefined
    ? undefined
    : { deviceNumber: Number(deviceNumber), push: Number(push) };
}
