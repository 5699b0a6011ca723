import type { z } from 'zod';
import type * as contract from '../../src/contract.js';

/** The shapes of the API, as the page receives and sends them. */
export type { Discussion, Message, Person } from '../../src/contract.js';
export type Attachment = z.output<typeof contract.attachment>;
export type Button = z.output<typeof contract.button>;
export type DiscussionChange = z.input<typeof contract.discussionChange>;
export type DiscussionPage = z.output<typeof contract.discussionPage>;
export type Me = z.output<typeof contract.me>;
export type Member = z.output<typeof contract.member>;
export type MessageEdit = z.input<typeof contract.messageEdit>;
export type MessagePage = z.output<typeof contract.messagePage>;
export type NewDiscussion = z.input<typeof contract.newDiscussion>;
export type NewMessage = z.input<typeof contract.newMessage>;
export type OpenResult = z.output<typeof contract.openResult>;
export type PostResult = z.output<typeof contract.postResult>;
export type SearchPage = z.output<typeof contract.searchPage>;
export type SearchHit = SearchPage['hits'][number];
export type Span = z.output<typeof contract.span>;
export type LiveEvents = { readonly [Name in keyof typeof contract.LIVE]: z.output<(typeof contract.LIVE)[Name]> };

export interface PeoplePage {
  readonly people: readonly import('../../src/contract.js').Person[];
  readonly next?: string;
}

export interface MembersPage {
  readonly members: readonly Member[];
  readonly next?: string;
}
