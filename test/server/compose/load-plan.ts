/** What a process of load is told, and what it reports; both cross a process boundary as JSON. */
export interface LoadDevice {
  /** Unlike that of any other device of the fleet. */
  readonly number: number;
  readonly userId: number;
  /** `/koreader/KEY`, or empty for the account routes. */
  readonly pathPrefix: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly books: readonly LoadBook[];
}

export interface LoadBook {
  /** The same for all documents that stand for the book. */
  readonly register: string;
  /** As this device names the book. */
  readonly document: string;
}

export interface LoadPlan {
  /** Each request goes to one of them. */
  readonly ports: readonly number[];
  readonly devices: readonly LoadDevice[];
  readonly durationMs: number;
  /** Between an answer and the next request of a device; 0 for as fast as it goes. */
  readonly pauseMs: number;
}

/** An answer other than 200, or none. */
export interface FailedRequest {
  readonly method: string;
  /** 0: the connection broke, or no answer came in time. */
  readonly status: number;
  readonly sentMs: number;
  readonly answeredMs: number;
}

/** The device as it presents itself, made of its number: two devices of one model have one name. */
function deviceName(deviceNumber: number): string {
  return `Reader model ${String(deviceNumber % 3)}`;
}

/** Every seventh device sends no id, and a name of its own instead. */
export function deviceFields(deviceNumber: number): { readonly device: string; readonly device_id?: string } {
  return deviceNumber % 7 === 0
    ? { device: `Nameless ${String(deviceNumber)}` }
    : { device: deviceName(deviceNumber), device_id: `device-${String(deviceNumber)}` };
}

/** A position that no other push has. It says whose it is, so that a pull can be checked for it. */
export function positionOf(deviceNumber: number, push: number): string {
  return `/body/DocFragment[${String(push)}]/body/p[${String(deviceNumber)}]/text().0`;
}

/** Goes with the position and needs all digits of a double. */
export function percentageOf(deviceNumber: number, push: number): number {
  return ((deviceNumber * 7919 + push * 104_729) % 1_000_003) / 1_000_003;
}

/** @returns `undefined` for a position that no device made */
export function parsePosition(
  position: string,
): { readonly deviceNumber: number; readonly push: number } | undefined {
  const [, push, deviceNumber] =
    /^\/body\/DocFragment\[(\d+)\]\/body\/p\[(\d+)\]\/text\(\)\.0$/.exec(position) ?? [];
  return push === undefined || deviceNumber === undefined
    ? undefined
    : { deviceNumber: Number(deviceNumber), push: Number(push) };
}
