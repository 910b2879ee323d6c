import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ApiError, get } from '../api.js';
import { percent } from '../parts/format.js';
import { Ago } from '../parts/time.jsx';
import { type KnownPlace, newestPlace } from './known-place.js';
import { PlacePusher, type PushState, type ShownPlace } from './place-pusher.js';
import type { OpenedBook } from './reader-page.jsx';
import { thisDevice } from './this-device.js';

/** How often it is asked whether another device has gone on. */
const LOOK_MS = 30_000;

export interface HandedBack {
  readonly state: PushState;
  /** A place that another device has pushed since. */
  readonly offered: KnownPlace | undefined;
  /** A page was turned. */
  readonly moved: (shown: ShownPlace) => void;
  /** What was offered is taken. The place where this browser was must not come after it. */
  readonly taken: () => void;
  /** What was offered is not taken. */
  readonly declined: () => void;
}

/** Hands the place of this browser back, and looks for newer ones of other devices. */
export function useHandedBack({ document: key, place, me }: OpenedBook): HandedBack {
  const state = useSignal<PushState>({ state: 'nothing' });
  const offered = useSignal<KnownPlace | undefined>(undefined);
  const pusher = useRef<PlacePusher | undefined>(undefined);
  /** Of the newest place that the reader knows. */
  const seen = useRef(place?.pushedAt ?? '');
  const isSynced = key !== undefined && me.permissions.includes('feature:koreader_sync');
  useEffect(() => {
    if (!isSynced) return undefined;
    const startAgain = (): void => {
      pushing.forget();
      location.reload();
    };
    const pushing = new PlacePusher(key, me.user_id, (next) => {
      state.value = next;
      if (next.state === 'failed' && next.error.code === 'user-changed') startAgain();
      if (next.state === 'stored' && next.pushedAt > seen.current) seen.current = next.pushedAt;
    });
    pusher.current = pushing;
    const look = async (): Promise<void> => {
      if (document.hidden) return;
      try {
        // Another tab may have signed in as somebody else, whose places these are not.
        if ((await get('/me')).user_id !== me.user_id) {
          startAgain();
          return;
        }
        const newest = await newestPlace(key);
        if (newest === undefined || newest.isThisDevice || newest.pushedAt <= seen.current) return;
        seen.current = newest.pushedAt;
        offered.value = newest;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error; // Asked again soon.
      }
    };
    const onVisibility = (): void => void (document.hidden ? pushing.flush() : look());
    const onHide = (): void => void pushing.flush();
    const timer = setInterval(() => void look(), LOOK_MS);
    document.addEventListener('visibilitychange', onVisibility);
    addEventListener('pagehide', onHide);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', onVisibility);
      removeEventListener('pagehide', onHide);
      void pushing.flush();
    };
  }, [key, isSynced]);
  return {
    state: state.value,
    offered: offered.value,
    moved: (shown) => pusher.current?.moved(shown),
    taken: () => {
      offered.value = undefined;
      pusher.current?.forget();
    },
    declined: () => (offered.value = undefined),
  };
}

interface SyncNoticeProps {
  readonly sync: HandedBack;
  readonly opened: OpenedBook;
  readonly onGo: (place: KnownPlace) => Promise<void>;
}

/** Whose place the book was opened at, what another device has pushed meanwhile, and whether this place was handed back. */
export function SyncNotice({ sync, opened: { place, document: key }, onGo }: SyncNoticeProps) {
  const { state, offered, taken, declined } = sync;
  if (offered !== undefined) {
    return (
      <div class="reader-notice" role="status">
        <p>
          <b>
            <bdi>{offered.device}</bdi>
          </b>{' '}
          has gone on to {percent(offered.percentage)} (<Ago time={offered.pushedAt} />
          ).
        </p>
        <button
          type="button"
          onClick={() => {
            taken();
            void onGo(offered);
          }}
        >
          Go there
        </button>
        <button type="button" class="quiet" onClick={declined}>
          Stay here
        </button>
      </div>
    );
  }
  return (
    <p class="reader-notice small" role="status">
      <Words state={state} place={place} isKept={key !== undefined} />
    </p>
  );
}

interface WordsProps {
  readonly state: PushState;
  readonly place: KnownPlace | undefined;
  readonly isKept: boolean;
}

function Words({ state, place, isKept }: WordsProps) {
  if (!isKept) return <>Places in this book are not kept: it has no digest yet.</>;
  switch (state.state) {
    case 'failed':
      return <span class="warning">Your place was not handed back. {state.error.message}</span>;
    case 'stored':
      return (
        <>
          Your place is handed back as <bdi>{thisDevice().name}</bdi>: {percent(state.percentage)}.
        </>
      );
    case 'waiting':
      return <>Your place will be handed back as {thisDevice().name}.</>;
    case 'nothing':
      return place === undefined ? (
        <>From the beginning: no device has a place in this book.</>
      ) : (
        <>
          {place.isThisDevice ? 'Where you were in this browser' : <bdi>{place.device}</bdi>},{' '}
          <Ago time={place.pushedAt} />: {place.sure}.
        </>
      );
    default:
      return state satisfies never;
  }
}
