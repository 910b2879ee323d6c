/** Where a key leads in a book, unless somebody writes or a dialog is open. */
export function turnOfKey(event: KeyboardEvent, isRightToLeft: boolean): 1 | -1 | undefined {
  if (event.altKey || event.ctrlKey || event.metaKey) return undefined;
  if (document.querySelector('dialog[open]') !== null) return undefined;
  switch (event.key) {
    case 'ArrowRight':
      return isRightToLeft ? -1 : 1;
    case 'ArrowLeft':
      return isRightToLeft ? 1 : -1;
    case 'PageDown':
      return 1;
    case 'PageUp':
      return -1;
    case ' ':
      // On a button it presses the button.
      if (document.activeElement instanceof HTMLButtonElement) return undefined;
      return event.shiftKey ? -1 : 1;
    default:
      return undefined;
  }
}

/** Where a press on a part of a page leads, by its part of the window's width from 0 to 1. In the middle it turns no page. */
export function turnOfPress(fraction: number, isRightToLeft: boolean): 1 | -1 | undefined {
  if (fraction >= 0.3 && fraction < 0.7) return undefined;
  return fraction < 0.3 === isRightToLeft ? 1 : -1;
}

/** A finger that moves less has pressed. */
const SWIPE_PIXELS = 50;

/** Where a finger leads that was moved to the side. Up and down it scrolls. */
export function turnOfSwipe(
  from: Touch | undefined,
  to: Touch | undefined,
  isRightToLeft: boolean,
): 1 | -1 | undefined {
  if (from === undefined || to === undefined) return undefined;
  const across = to.clientX - from.clientX;
  if (Math.abs(across) < Math.max(SWIPE_PIXELS, Math.abs(to.clientY - from.clientY))) return undefined;
  return across > 0 === isRightToLeft ? 1 : -1;
}
