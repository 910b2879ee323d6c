import { signal, useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ApiError } from '../api.js';
import { changes, isReady } from '../live/live.js';
import type { Changes } from '../live/live-messages.js';

export type VersionName = keyof Changes['versions'];

/** What a page shows of something that the server knows. A value stays while it is loaded again. */
export interface Resource<Value> {
  readonly value: Value | undefined;
  readonly error: ApiError | undefined;
  /** Loads it again. */
  readonly reload: () => void;
}

interface ResourceState<Value> {
  readonly value: Value | undefined;
  readonly error: ApiError | undefined;
}

const LOADING = { value: undefined, error: undefined } as const;
/** How soon what could not be loaded is tried again. */
const RETRY_MS = 4000;
/** While readers push without a pause, each page would otherwise load its lists whenever the server looks for changes. */
const RELOAD_EVERY_MS = 2000;

/** A tab that nobody looks at loads nothing again until it is shown. */
const isShown = signal(!document.hidden);
document.addEventListener('visibilitychange', () => (isShown.value = !document.hidden));

/**
 * Loads something, again when `key` changes and when the server says that one of the lists may have changed: at once, but
 * not before the last load has ended, and at most every two seconds. A failed load is repeated until it works.
 *
 * @param key everything that `load` depends on, as text
 * @param lists whose versions are watched
 */
export function useResource<Value>(
  key: string,
  load: (signal: AbortSignal) => Promise<Value>,
  lists: readonly VersionName[] = [],
): Resource<Value> {
  const state = useSignal<ResourceState<Value>>(LOADING);
  const turn = useSignal(0);
  const loadedKey = useRef(key);
  const versions = changes.value?.versions;
  const version = lists.map((name) => versions?.[name] ?? '').join(' ');

  const isEarly = lists.length > 0 && !isReady.value;
  /** The last load: the state is another one when it has ended. */
  const last = useRef({ version, stateBefore: state.value });
  const reloadedMs = useRef(-RELOAD_EVERY_MS);

  useEffect(() => {
    if (isEarly) return undefined;
    if (loadedKey.current !== key) state.value = LOADING;
    loadedKey.current = key;
    last.current = { version, stateBefore: state.value };
    return loadInto(state, load, () => {
      turn.value += 1;
    });
    // `load` is another function at each rendering; `key` says when it means something else.
  }, [key, turn.value, isEarly]);

  useEffect(() => {
    const { version: loaded, stateBefore } = last.current;
    if (isEarly || !isShown.value || loaded === version || state.value === stateBefore) return undefined;
    const reload = (): void => {
      reloadedMs.current = performance.now();
      turn.value += 1;
    };
    const timer = setTimeout(reload, reloadedMs.current + RELOAD_EVERY_MS - performance.now());
    return () => clearTimeout(timer);
  }, [key, turn.value, isEarly, version, state.value, isShown.value]);

  return { ...state.value, reload: () => (turn.value += 1) };
}

/** @returns what stops it */
function loadInto<Value>(
  state: Signal<ResourceState<Value>>,
  load: (signal: AbortSignal) => Promise<Value>,
  again: () => void,
): () => void {
  const stop = new AbortController();
  let retry: ReturnType<typeof setTimeout> | undefined;
  void load(stop.signal).then(
    (value) => {
      if (!stop.signal.aborted) state.value = { value, error: undefined };
      return undefined;
    },
    (error: unknown) => {
      if (stop.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      state.value = { value: state.value.value, error };
      if (isPassing(error)) retry = setTimeout(again, RETRY_MS);
    },
  );
  return () => {
    stop.abort();
    clearTimeout(retry);
  };
}

/** Whether the same request may succeed later. */
function isPassing({ status }: ApiError): boolean {
  return status === 0 || status === 429 || status >= 500;
}
