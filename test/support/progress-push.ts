import { parseDocument } from '../../server/domain/document.js';
import { userId } from '../../server/domain/ids.js';
import { parseFraction, type ProgressPush } from '../../server/sync/progress.js';

/** A push of the one user that all of these belong to. */
export function pushOf(name: string, deviceName: string, position: string): ProgressPush {
  const document = parseDocument(name);
  const percentage = parseFraction(0.5);
  if (document === undefined || percentage === undefined) throw new Error('the test is wrong');
  const device = { name: deviceName, id: deviceName };
  return { userId: userId(7), document, position, percentage, device, metadataJson: undefined, pushedMs: 1 };
}
