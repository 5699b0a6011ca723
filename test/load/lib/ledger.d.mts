export interface LedgerMessage {
  readonly discussion: string;
  readonly seq: number;
  readonly author: string;
  readonly text: string;
}
export interface Page {
  readonly messages: readonly LedgerMessage[];
  readonly upTo: number;
}
export interface Unread {
  readonly discussions: number;
  readonly messages: number;
}
export const MAX_UNREAD: number;
export class Ledger {
  constructor(onShown?: (ms: number) => void);
  readonly counts: Readonly<Record<'posted' | 'views' | 'live' | 'byReading' | 'repeatedLive' | 'gaps' | 'discussions', number>>;
  readonly failures: Readonly<Record<string, { readonly count: number; readonly ids: readonly string[] }>>;
  readonly size: number;
  open(discussion: string, members: readonly string[], options?: { readonly countsUnread?: boolean }): void;
  discussionsOf(person: string): string[];
  membersOf(discussion: string): string[];
  post(
    discussion: string,
    author: string,
    words: string,
    recipients?: readonly string[],
  ): { clientId: string; text: string; number: number };
  confirmed(discussion: string, author: string, number: number): void;
  mayPost(discussion: string, author: string): boolean;
  received(person: string, message: LedgerMessage): boolean;
  readPage(person: string, discussion: string, page: Page): void;
  seenBy(person: string, discussion: string): number | undefined;
  markRead(person: string, discussion: string, seq: number): void;
  retire(discussion: string): void;
  unreadOf(person: string): { readonly each: ReadonlyMap<string, number>; readonly total: Unread };
  fail(kind: string, id: string): void;
  verifyConfirmed(): void;
}
