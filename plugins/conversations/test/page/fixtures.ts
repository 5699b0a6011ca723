import type { Discussion, Message } from '../../page/model/shapes.js';

export const ANNA = '00000000-0000-4000-8000-00000000000a';
export const BORIS = '00000000-0000-4000-8000-00000000000b';
export const ROOM = '00000000-0000-4000-8000-000000000001';

export function message(seq: number, more: Partial<Message> = {}): Message {
  return {
    discussion: ROOM,
    seq,
    id: `00000000-0000-4000-9000-${String(seq).padStart(12, '0')}`,
    author: ANNA,
    at: new Date(Date.UTC(2026, 10, 30, 9) + seq * 60_000).toISOString(),
    text: `message ${seq}`,
    spans: [],
    attachments: [],
    reactions: [],
    version: 1,
    ...more,
  };
}

export function discussion(more: Partial<Discussion> = {}): Discussion {
  return {
    id: ROOM,
    kind: 'group',
    title: 'Orders',
    members: [ANNA, BORIS].map((person) => ({
      person,
      role: 'member',
      readSeq: 0,
      deliveredSeq: 0,
      joinedAt: '2026-11-30T09:00:00Z',
    })),
    memberCount: 2,
    lastSeq: 0,
    readSeq: 0,
    unread: 0,
    mentioned: false,
    role: 'member',
    activeAt: '2026-11-30T09:00:00Z',
    ...more,
  };
}
