import { parseDocument } from '../../server/domain/document.js';
import { userId } from '../../server/domain/ids.js';
import { parseFraction, type ProgressPush } from '../../server/sync/progress.js';

/** A push of user 7 at 50 %. The device's id is its name. */
export function pushOf(name: string, deviceName: string, position: string): ProgressPush {
  const document = parseDocument(name);
  const percentage = parseFraction(0.5);
  if (document === undefined || percentage === undefined) throw new Error(`${name} is no document`);
  const device = { name: deviceName, id: deviceName };
  return { userId: userId(7), document, position, percentage, device, metadataJson: undefined, pushedMs: 1 };
}
