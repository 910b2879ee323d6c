import { useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { focusPage } from './page-title.js';
import { Problem } from './problem.jsx';
import { Loading } from './virtual-list.jsx';

/**
 * A page whose script is loaded when the page is opened first.
 *
 * @param load `() => import('./pages/NOUN.jsx')`, with the page in it
 */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let Loaded: ComponentType<Props> | undefined;
  return function Later(props: Props) {
    const state = useSignal<'loading' | 'failed' | 'loaded'>(Loaded === undefined ? 'loading' : 'loaded');
    useEffect(() => {
      if (Loaded !== undefined) return;
      void load().then(
        (page) => {
          Loaded = page;
          state.value = 'loaded';
          return undefined;
        },
        () => (state.value = 'failed'),
      );
    }, []);
    useEffect(() => {
      // There was no heading when the page was come to.
      if (state.value === 'loaded' && document.activeElement?.tagName === 'MAIN') focusPage();
    }, [state.value]);
    if (state.value === 'failed') {
      // The server may be of another version by now, and have other scripts.
      return (
        <Problem error={{ message: 'This page could not be loaded. Dogear may be away, or new since then.' }}>
          <button type="button" onClick={() => globalThis.location.reload()}>
            Load it again
          </button>
        </Problem>
      );
    }
    return state.value === 'loading' || Loaded === undefined ? <Loading /> : <Loaded {...props} />;
  };
}
