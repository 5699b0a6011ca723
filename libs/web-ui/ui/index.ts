// The design system of the pages: read ../README.md first, then styles/tokens.css.
import './styles/tokens.css';
import './styles/base.css';
import './styles/components.css';

export {
  ApiClient,
  ApiError,
  UnreachableError,
  errorText,
  retryAfterMs,
  type ErrorTexts,
  type Method,
  type RequestOptions,
} from './client/api.js';
export { dateFormat, defineTexts, language, plural, setLanguage, type Language, type PluralForms } from './client/i18n.js';
export {
  LiveConnection,
  LiveError,
  type LiveMessage,
  type LiveOptions,
  type LiveStatus,
  type SubscribeOptions,
} from './client/live.js';
export { Session, type SessionState } from './client/session.js';
export { keyStore, type KeyStore } from './client/storage.js';
export { setTheme, theme, type Theme } from './client/theme.js';
export { dismissToast, toast, toasts, type Toast, type ToastOptions } from './client/toasts.js';
export { newUuid } from './client/uuid.js';
export { classes } from './classes.js';
export { Button, IconButton, type ButtonProps, type IconButtonProps } from './components/button.js';
export {
  DateField,
  DatePicker,
  TimeField,
  type DateFieldProps,
  type DatePickerProps,
  type TimeFieldProps,
} from './components/date-time.js';
export { Dialog, type DialogProps } from './components/dialog.js';
export { Select, TextArea, TextField, type SelectProps, type TextAreaProps, type TextFieldProps } from './components/fields.js';
export { Icon, type IconName, type IconProps } from './components/icon.js';
export {
  Menu,
  MenuCheck,
  MenuItem,
  MenuLabel,
  MenuRadio,
  MenuSeparator,
  Popover,
  type MenuCheckProps,
  type MenuItemProps,
  type MenuProps,
  type MenuRadioProps,
  type PopoverProps,
} from './components/menu.js';
export {
  OfflineBanner,
  PageShell,
  SettingsMenu,
  TokenGate,
  startPage,
  useLiveStatus,
  type OfflineBannerProps,
  type PageShellProps,
  type SettingsMenuProps,
  type StartOptions,
  type TokenGateProps,
} from './components/page.js';
export {
  Avatar,
  Badge,
  Banner,
  EmptyState,
  ListRow,
  Skeleton,
  initials,
  type AvatarProps,
  type BadgeProps,
  type BannerProps,
  type EmptyStateProps,
  type ListRowProps,
  type SkeletonProps,
  type Tone,
} from './components/shown.js';
export { Segments, Tabs, type SegmentsProps, type TabsProps } from './components/tabs.js';
export { Tooltip, type TooltipProps } from './components/tooltip.js';
