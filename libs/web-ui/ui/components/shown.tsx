import type { CSSProperties, ReactNode } from 'react';
import { classes } from '../classes.js';
import { Icon, type IconName } from './icon.js';

/** Tones say what a colour means. A tone never stands alone: a text or an icon has the same meaning. */
export type Tone = 'info' | 'good' | 'warn' | 'bad' | 'odd' | 'calm';

const AVATAR_TONES: readonly Tone[] = ['info', 'good', 'warn', 'bad', 'odd', 'calm'];

export interface AvatarProps {
  readonly name: string;
  /** Address of a picture on this host. */
  readonly src?: string;
  readonly size?: 'small' | 'medium' | 'large';
}

/** The picture of a person, or their initials on a colour that depends on the name. The name stands beside it, so it is hidden from screen readers. */
export function Avatar({ name, src, size = 'medium' }: AvatarProps) {
  return (
    <span className={classes('ui-avatar', `ui-avatar-${size}`, `ui-tone-${toneOf(name)}`)} aria-hidden="true">
      {src === undefined ? initials(name) : <img src={src} alt="" loading="lazy" />}
    </span>
  );
}

/** Returns the first letters of the first two words: "Иванова А. П." becomes "ИА". */
export function initials(name: string): string {
  const words = name.split(/[\s.]+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  return words
    .slice(0, 2)
    .map((word) => [...word][0]?.toUpperCase() ?? '')
    .join('');
}

function toneOf(name: string): Tone {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_521;
  return AVATAR_TONES[sum % AVATAR_TONES.length] ?? 'calm';
}

export interface BadgeProps {
  readonly tone?: Tone;
  readonly icon?: IconName;
  /** Accessible name, if the content alone is not understood: "3 unread". */
  readonly label?: string;
  readonly children?: ReactNode;
}

/** A short mark: a number or a state. */
export function Badge({ tone = 'calm', icon, label, children }: BadgeProps) {
  return (
    <span className={classes('ui-badge', `ui-tone-${tone}`)}>
      {icon && <Icon name={icon} small />}
      {label === undefined ? (
        children
      ) : (
        <>
          <span aria-hidden="true">{children}</span>
          <span className="ui-hidden">{label}</span>
        </>
      )}
    </span>
  );
}

export interface BannerProps {
  readonly tone?: Tone;
  readonly icon?: IconName;
  readonly children: ReactNode;
  /** A button at the end. */
  readonly action?: ReactNode;
}

/** A line across the page that stays until its reason is gone. Screen readers read it out. */
export function Banner({ tone = 'warn', icon = 'warning', children, action }: BannerProps) {
  return (
    <div className={classes('ui-banner', `ui-tone-${tone}`)} role="status">
      <Icon name={icon} />
      <p>{children}</p>
      {action}
    </div>
  );
}

export interface SkeletonProps {
  /** CSS lengths. Default: the width of the parent and the height of a line. */
  readonly width?: string;
  readonly height?: string;
}

/** A grey area in the place of content that is being loaded. The container has `aria-busy`. */
export function Skeleton({ width = '100%', height = '14px' }: SkeletonProps) {
  const style: CSSProperties = { width, height };
  return <span className="ui-skeleton" style={style} aria-hidden="true" />;
}

export interface EmptyStateProps {
  readonly icon?: IconName;
  readonly title: string;
  /** What the user can do now. */
  readonly children?: ReactNode;
  /** Buttons. */
  readonly actions?: ReactNode;
}

/** Fills a place that has no content, or no access to it, with the reason and the next step. */
export function EmptyState({ icon = 'inbox', title, children, actions }: EmptyStateProps) {
  return (
    <section className="ui-empty">
      <Icon name={icon} />
      <h2>{title}</h2>
      {children && <div>{children}</div>}
      {actions && <div className="ui-empty-actions">{actions}</div>}
    </section>
  );
}

export interface ListRowProps {
  readonly title: ReactNode;
  readonly subtitle?: ReactNode;
  /** Such as an Avatar. */
  readonly leading?: ReactNode;
  /** Short text beside the title, such as the time. */
  readonly meta?: ReactNode;
  /** Beside the subtitle, such as a Badge. */
  readonly trailing?: ReactNode;
  readonly selected?: boolean;
  /** The row is a link. */
  readonly href?: string;
  /** The row is a button; with `href` the link calls this as well. */
  readonly onClick?: (event: React.MouseEvent) => void;
  readonly className?: string;
}

/** A row of a list: a picture, two lines of text and what belongs to them. */
export function ListRow({ title, subtitle, leading, meta, trailing, selected = false, href, onClick, className }: ListRowProps) {
  const content = (
    <>
      {leading}
      <span className="ui-row-texts">
        <span className="ui-row-line">
          <span className="ui-row-title">{title}</span>
          {meta && <span className="ui-row-meta">{meta}</span>}
        </span>
        {(subtitle !== undefined || trailing) && (
          <span className="ui-row-line">
            <span className="ui-row-subtitle">{subtitle}</span>
            {trailing}
          </span>
        )}
      </span>
    </>
  );
  const shared = { className: classes('ui-row', className), 'aria-current': selected || undefined };
  if (href !== undefined)
    return (
      <a {...shared} href={href} onClick={onClick}>
        {content}
      </a>
    );
  if (onClick)
    return (
      <button type="button" {...shared} onClick={onClick}>
        {content}
      </button>
    );
  return <div {...shared}>{content}</div>;
}
