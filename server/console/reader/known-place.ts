import { ApiError, get, type Reply } from '../api.js';
import { deviceTitle } from '../parts/reader-names.js';
import { thisDevice } from './this-device.js';

type Position = Reply<'/progress/{document}', 'get'>['positions'][number];
type Confidence = Extract<Position['translation'], { readonly state: 'translated' }>['confidence'];

/** Where a device is in the book. */
export interface KnownPlace {
  readonly device: string;
  readonly isThisDevice: boolean;
  readonly pushedAt: string;
  /** Of the book, 0 to 1. */
  readonly percentage: number;
  /** `undefined`: only the percentage is known. */
  readonly cfi: string | undefined;
  readonly page: number | undefined;
  /** How sure, in words: "exactly here". */
  readonly sure: string;
}

const SURE: Readonly<Record<Confidence, string>> = {
  exact: 'exactly here',
  clamped: 'right beside this place',
  element: 'in this paragraph',
  fragment: 'somewhere in this chapter',
  percentage: 'about here, by the percentage alone',
  none: 'about here, by the percentage alone',
};

/**
 * The newest place of any device of the signed-in user.
 *
 * @throws ApiError
 */
export async function newestPlace(document: string): Promise<KnownPlace | undefined> {
  try {
    const { positions } = await get('/progress/{document}', { params: { document } });
    return positions[0] === undefined ? undefined : knownPlace(positions[0]);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'progress-not-found') return undefined;
    throw error;
  }
}

function knownPlace({ device, pushed_at: pushedAt, percentage, translation }: Position): KnownPlace {
  const known = {
    device: deviceTitle(device),
    isThisDevice: device.device_id === thisDevice().id,
    pushedAt,
    percentage,
  };
  if (translation.state === 'page') {
    return { ...known, cfi: undefined, page: translation.page, sure: `page ${String(translation.page)}` };
  }
  if (translation.state !== 'translated' || translation.cfi === null) {
    return { ...known, cfi: undefined, page: undefined, sure: SURE.percentage };
  }
  const { cfi, confidence } = translation;
  const isPlace = confidence !== 'percentage' && confidence !== 'none';
  return { ...known, cfi: isPlace ? cfi : undefined, page: undefined, sure: SURE[confidence] };
}
