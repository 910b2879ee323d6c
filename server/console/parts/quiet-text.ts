import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** Pauses in typing are longer than this. */
const QUIET_MS = 250;

/** What was typed when the typing paused last. */
export function useQuietText(text: string): string {
  const quiet = useSignal(text);
  useEffect(() => {
    const timer = setTimeout(() => (quiet.value = text), QUIET_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return quiet.value;
}
