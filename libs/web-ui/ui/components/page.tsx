import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { Tooltip as TooltipPrimitive } from 'radix-ui';
import { StrictMode, useRef, useState, useSyncExternalStore, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { language, setLanguage, type Language } from '../client/i18n.js';
import type { LiveConnection, LiveStatus } from '../client/live.js';
import type { Session } from '../client/session.js';
import { texts } from '../client/texts.js';
import { applyTheme, setTheme, theme, type Theme } from '../client/theme.js';
import { Banner } from './shown.js';
import { Button, IconButton } from './button.js';
import { TextField } from './fields.js';
import { Menu, MenuItem, MenuLabel, MenuRadio, MenuSeparator } from './menu.js';
import { Toasts } from './toasts.js';

const TOOLTIP_DELAY_MS = 400;

export interface StartOptions {
  /** Title of the document. */
  readonly title: string;
  readonly session: Session;
  /** The page; it is shown when the session has a token. */
  readonly page: ReactNode;
}

/**
 * Starts a page in the element `#root`: takes the token from the address, sets the language, the title and the theme, and shows the page behind a
 * {@link TokenGate}.
 */
export function startPage({ title, session, page }: StartOptions): void {
  applyTheme();
  document.documentElement.lang = language;
  document.title = title;
  const rest = session.takeFrom(location.hash);
  if (rest !== undefined) history.replaceState(null, '', location.pathname + location.search + rest);
  const root = document.getElementById('root');
  if (!root) throw new Error('index.html has no element #root');
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false } } });
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <TooltipPrimitive.Provider delayDuration={TOOLTIP_DELAY_MS}>
          <TokenGate title={title} session={session}>
            {page}
          </TokenGate>
          <Toasts />
        </TooltipPrimitive.Provider>
      </QueryClientProvider>
    </StrictMode>,
  );
}

export interface TokenGateProps {
  readonly title: string;
  readonly session: Session;
  readonly children: ReactNode;
}

/**
 * Shows its children when the session has a token; otherwise asks for one. When the host rejects the token of an open page, the form covers the page, which
 * keeps its state and its unsaved input.
 */
export function TokenGate({ title, session, children }: TokenGateProps) {
  const { token, wasRejected } = useSyncExternalStore(session.subscribe, () => session.state);
  const [isOpened, setOpened] = useState(token !== undefined);
  if (token !== undefined && !isOpened) setOpened(true);
  return (
    <>
      {isOpened && (
        <div className="ui-gate" inert={token === undefined}>
          {children}
        </div>
      )}
      {token === undefined && (
        <SignIn title={title} problem={wasRejected ? texts.badToken : ''} onEnter={(next) => session.signIn(next)} />
      )}
    </>
  );
}

interface SignInProps {
  readonly title: string;
  readonly problem: string;
  readonly onEnter: (token: string) => void;
}

function SignIn({ title, problem, onEnter }: SignInProps) {
  const [token, setToken] = useState('');
  const input = useRef<HTMLInputElement>(null);
  return (
    <main className="ui-backdrop ui-sign-in-cover">
      <form
        className="ui-sign-in"
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim() === '') input.current?.focus();
          else onEnter(token.trim());
        }}
      >
        <h1>{title}</h1>
        <p>{texts.tokenHelp}</p>
        <TextField
          ref={input}
          label={texts.token}
          type="password"
          autoFocus
          value={token}
          onChange={setToken}
          problem={problem}
        />
        <Button kind="primary" type="submit">
          {texts.enter}
        </Button>
      </form>
    </main>
  );
}

export interface PageShellProps {
  /** Content of the header, one row: the title first. */
  readonly header: ReactNode;
  /** Banners below the header. */
  readonly banners?: ReactNode;
  readonly children: ReactNode;
}

/** The frame of a page: a header of one row, banners, and the content, which fills the rest of the window. */
export function PageShell({ header, banners, children }: PageShellProps) {
  return (
    <>
      <header className="ui-header">{header}</header>
      {banners}
      <main className="ui-main">{children}</main>
    </>
  );
}

export interface OfflineBannerProps {
  readonly isOffline: boolean;
  /** Default: a general text. */
  readonly children?: ReactNode;
}

/** Tells the user that the page shows old data. */
export function OfflineBanner({ isOffline, children = texts.offline }: OfflineBannerProps) {
  if (!isOffline) return null;
  return (
    <Banner tone="warn" icon="offline">
      {children}
    </Banner>
  );
}

/** Returns the status of a live connection and renders again after each change. */
export function useLiveStatus(live: LiveConnection): LiveStatus {
  return useSyncExternalStore(live.onStatus, () => live.status);
}

export interface SettingsMenuProps {
  readonly session: Session;
  /** Name of the user. */
  readonly name?: string;
  /** Items of the page at the top of the menu. */
  readonly children?: ReactNode;
}

/** The menu at the end of the header: items of the page, appearance, language, and another token. */
export function SettingsMenu({ session, name, children }: SettingsMenuProps) {
  const [chosen, setChosen] = useState(theme);
  const choose = (next: Theme) => {
    setTheme(next);
    setChosen(next);
  };
  const themes = (['system', 'light', 'dark'] as const).map((value) => ({ value, label: texts.themes[value] }));
  const languages: readonly { value: Language; label: string }[] = [
    { value: 'ru', label: 'Русский' },
    { value: 'en', label: 'English' },
  ];
  return (
    <Menu trigger={<IconButton icon="settings" label={texts.settings} />}>
      {name && <MenuLabel>{name}</MenuLabel>}
      {children}
      <MenuLabel>{texts.theme}</MenuLabel>
      <MenuRadio value={chosen} onChange={choose} options={themes} />
      <MenuLabel>{texts.language}</MenuLabel>
      <MenuRadio value={language} onChange={setLanguage} options={languages} />
      <MenuSeparator />
      <MenuItem
        icon="user"
        onSelect={() => {
          session.signOut();
          // another user has other rights
          location.reload();
        }}
      >
        {texts.signOut}
      </MenuItem>
    </Menu>
  );
}
