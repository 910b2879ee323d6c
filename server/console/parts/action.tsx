import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { ApiError } from '../api.js';
import { Problem } from './problem.jsx';

export interface Action {
  readonly isRunning: boolean;
  readonly error: ApiError | undefined;
  /** Runs the work, unless it runs already. @returns whether it succeeded */
  readonly run: (work: () => Promise<unknown>) => Promise<boolean>;
  readonly forgetError: () => void;
}

/** Something that a button does: it runs once at a time, and its error is shown beside it. */
export function useAction(): Action {
  const isRunning = useSignal(false);
  const error = useSignal<ApiError | undefined>(undefined);
  return {
    isRunning: isRunning.value,
    error: error.value,
    run: async (work) => {
      if (isRunning.value) return false;
      isRunning.value = true;
      error.value = undefined;
      try {
        await work();
        return true;
      } catch (failure) {
        if (!(failure instanceof ApiError)) throw failure;
        error.value = failure;
        return false;
      } finally {
        isRunning.value = false;
      }
    },
    forgetError: () => (error.value = undefined),
  };
}

interface FormProps {
  readonly action: Action;
  readonly onSubmit: () => Promise<unknown>;
  readonly onDone?: () => void;
  /** The words of the button. */
  readonly submit: string;
  readonly children: ComponentChildren;
  /** More buttons, beside that which submits. */
  readonly buttons?: ComponentChildren;
  readonly isDangerous?: boolean;
}

export function Form({ action, onSubmit, onDone, submit, children, buttons, isDangerous }: FormProps) {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void action.run(onSubmit).then((isDone) => (isDone ? onDone?.() : undefined));
      }}
    >
      {children}
      <Problem error={action.error} />
      <div class="buttons">
        <button
          type="submit"
          class={isDangerous === true ? 'danger' : 'main'}
          aria-disabled={action.isRunning}
        >
          {submit}
        </button>
        {buttons}
      </div>
    </form>
  );
}
