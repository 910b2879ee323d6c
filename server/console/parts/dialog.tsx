import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Form, useAction } from './action.jsx';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** Stands in front of the page while it is rendered. The Escape key and a click beside it close it. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const id = useId();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const opener = document.activeElement;
    element.current?.showModal();
    // Otherwise the focus is on the cross, which stands first. A question begins with the answer that does no harm.
    const inside = element.current;
    const field = inside?.querySelector<HTMLElement>('input, select, textarea');
    (field ?? inside?.querySelector<HTMLElement>('.cancel'))?.focus();
    return () => {
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby={id}
      onClose={onClose}
      onPointerDown={(event) => {
        // The dialog itself is the target only beside its content.
        if (event.target === element.current) element.current?.close();
      }}
    >
      <div class="inside">
        <header>
          <h2 id={id}>{title}</h2>
          <button type="button" class="quiet" aria-label="Close" onClick={() => element.current?.close()}>
            ✕
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

interface ConfirmProps {
  readonly title: string;
  /** What will happen, before it happens. */
  readonly children: ComponentChildren;
  readonly confirm: string;
  readonly isDangerous?: boolean;
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks before something is done that cannot be undone, and shows why it failed. */
export function ConfirmDialog({ title, children, confirm, isDangerous, onConfirm, onClose }: ConfirmProps) {
  const action = useAction();
  return (
    <Dialog title={title} onClose={onClose}>
      <Form
        action={action}
        onSubmit={onConfirm}
        onDone={onClose}
        submit={confirm}
        isDangerous={isDangerous ?? true}
        buttons={<CancelButton onCancel={onClose} />}
      >
        {children}
      </Form>
    </Dialog>
  );
}

export function CancelButton({ onCancel }: { readonly onCancel: () => void }) {
  return (
    <button type="button" class="cancel" onClick={onCancel}>
      Cancel
    </button>
  );
}
