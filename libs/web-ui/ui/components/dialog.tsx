import { Dialog as Primitive } from 'radix-ui';
import { useRef, type ReactNode } from 'react';
import { classes } from '../classes.js';
import { texts } from '../client/texts.js';
import { IconButton } from './button.js';

export interface DialogProps {
  readonly open: boolean;
  /** Called for Escape, for a press outside and for the button "close". */
  readonly onClose: () => void;
  readonly title: string;
  readonly children: ReactNode;
  /** Row of buttons at the end; the main one last. */
  readonly footer?: ReactNode;
  readonly wide?: boolean;
  /** False: only a button of the dialog closes it. Default: true. */
  readonly dismissible?: boolean;
  /** Called when the dialog opens, to focus a control instead of the heading. */
  readonly onOpenFocus?: () => void;
  /** Called when the dialog has closed, to focus an element other than the one that had the focus before. Returns true if it did. */
  readonly onCloseFocus?: () => boolean;
  /** Wraps the content in a form. The primary button of the footer needs `type="submit"`. */
  readonly onSubmit?: () => void;
}

/**
 * A modal dialog: it keeps the focus, hides the rest from screen readers and closes with Escape. On a telephone it is a sheet at the bottom. The overlay is
 * an element of ours, because the one of Radix injects a <style>, which the content security policy of the pages forbids.
 */
export function Dialog(props: DialogProps) {
  const { open, onClose, title, children, footer, wide, dismissible = true, onOpenFocus, onCloseFocus, onSubmit } = props;
  const heading = useRef<HTMLHeadingElement>(null);
  const content = (
    <>
      <div className="ui-dialog-head">
        <Primitive.Title ref={heading} tabIndex={-1}>
          {title}
        </Primitive.Title>
        {dismissible && <IconButton icon="close" label={texts.close} onClick={onClose} />}
      </div>
      <div className="ui-dialog-body">{children}</div>
      {footer && <div className="ui-dialog-foot">{footer}</div>}
    </>
  );
  const shape = classes('ui-dialog', wide && 'ui-dialog-wide');
  return (
    <Primitive.Root open={open} onOpenChange={(next) => !next && dismissible && onClose()}>
      <Primitive.Portal>
        <div className="ui-backdrop" />
        <Primitive.Content
          asChild
          aria-describedby={undefined}
          onOpenAutoFocus={(event) => {
            // the first control of a telephone would open its keyboard, which hides the content
            event.preventDefault();
            if (onOpenFocus) onOpenFocus();
            else heading.current?.focus();
          }}
          onCloseAutoFocus={(event) => onCloseFocus?.() && event.preventDefault()}
          onPointerDownOutside={(event) => isInToasts(event.target) && event.preventDefault()}
        >
          {onSubmit ? (
            <form
              className={shape}
              noValidate
              onSubmit={(event) => {
                event.preventDefault();
                onSubmit();
              }}
            >
              {content}
            </form>
          ) : (
            <div className={shape}>{content}</div>
          )}
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}

/** A press on a message, such as on its button "undo", does not close the dialog below. */
function isInToasts(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('.ui-toasts') !== null;
}
