import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Brand } from './brand.jsx';
import { useArrival } from './page-title.js';

interface DoorProps {
  readonly title: string;
  /** Changes when something else is asked: the first field gets the focus again. */
  readonly step?: string;
  readonly children: ComponentChildren;
}

/** A page outside of the console: signing in and the first run. */
export function Door({ title, step = '', children }: DoorProps) {
  const main = useRef<HTMLElement>(null);
  useArrival(title, step);
  useEffect(() => {
    main.current?.querySelector('input')?.focus();
  }, [step]);
  return (
    <div class="door">
      <main ref={main}>
        <Brand />
        <h1>{title}</h1>
        {children}
      </main>
    </div>
  );
}
