import type { ButtonHTMLAttributes, Ref } from 'react';
import { classes } from '../classes.js';
import { Icon, type IconName } from './icon.js';
import { Tooltip } from './tooltip.js';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `primary` once per view, `danger` for actions that destroy, `quiet` without a border. Default: `plain`. */
  readonly kind?: 'primary' | 'plain' | 'quiet' | 'danger';
  readonly icon?: IconName;
  /** The action is in progress: the button ignores presses and keeps the focus. */
  readonly busy?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
}

/** A button that does not submit its form unless `type="submit"`. */
export function Button({ kind = 'plain', icon, busy = false, className, children, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={classes('ui-button', `ui-button-${kind}`, className)}
      aria-busy={busy || undefined}
      onClick={(event) => (busy ? event.preventDefault() : onClick?.(event))}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, 'children'> {
  readonly icon: IconName;
  /** Accessible name, shown as a tooltip. */
  readonly label: string;
}

/** A square button with an icon only. */
export function IconButton({ label, kind = 'quiet', className, ...rest }: IconButtonProps) {
  return (
    <Tooltip text={label}>
      <Button {...rest} kind={kind} className={classes('ui-button-icon', className)} aria-label={label} />
    </Tooltip>
  );
}
