import { useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, use, useEffect, useState, useSyncExternalStore } from 'react';
import type { Chat, ChatState } from '../client/chat.js';
import { otherOf } from '../model/discussion-list.js';
import { plainName } from '../model/people-names.js';
import type { Discussion, Person } from '../model/shapes.js';
import { texts } from '../texts.js';

const PERSON_FRESH_MS = 5 * 60_000;
const PRESENCE_MS = 30_000;

export const ChatContext = createContext<Chat | undefined>(undefined);

/** The conversations of the page. */
export function useChat(): Chat {
  const chat = use(ChatContext);
  if (!chat) throw new Error('there is no ChatContext');
  return chat;
}

/** Returns a part of the state and renders again when it has changed. The selector returns an object of the state, not a new one. */
export function useChatState<Part>(select: (state: ChatState) => Part): Part {
  const chat = useChat();
  return useSyncExternalStore(chat.subscribe, () => select(chat.state));
}

function personQuery(chat: Chat, id: string) {
  return { queryKey: ['person', id], queryFn: () => chat.api.person(id), staleTime: PERSON_FRESH_MS };
}

/** Returns a person, `undefined` until it is known. */
export function usePerson(id: string | undefined, isPresenceShown = false): Person | undefined {
  const chat = useChat();
  const query = useQuery({
    ...personQuery(chat, id ?? ''),
    enabled: id !== undefined,
    ...(isPresenceShown && { refetchInterval: PRESENCE_MS }),
  });
  return query.data;
}

/** Returns the names of people, in the same order. */
export function useNames(ids: readonly string[]): string[] {
  const chat = useChat();
  const found = useQueries({ queries: ids.map((id) => personQuery(chat, id)) });
  return found.map(({ data }) => nameOf(data));
}

/** Puts people of an answer into the cache, so that they are not requested one by one. */
export function useSeedPeople(): (people: readonly Person[]) => void {
  const queries = useQueryClient();
  return (people) => {
    for (const person of people) queries.setQueryData(['person', person.id], person);
  };
}

export function nameOf(person: Person | undefined): string {
  return person === undefined ? '' : plainName(person.name) || texts.someone;
}

/** Returns the title that the user sees: of a direct discussion the name of the other person. */
export function useTitle(discussion: Discussion): string {
  const { myId } = useChat();
  const other = usePerson(otherOf(discussion, myId));
  if (discussion.kind === 'direct') return nameOf(other);
  return plainName(discussion.title) || plainName(discussion.key ?? '') || texts.untitled;
}

/** Returns an address of the bytes of an attachment for `<img>`, `undefined` while they are loaded or if they cannot be. */
export function useAttachmentUrl(id: string | undefined): string | undefined {
  const chat = useChat();
  const { data } = useQuery({
    queryKey: ['attachment', id],
    queryFn: ({ signal }) => chat.api.attachment(id ?? '', signal),
    enabled: id !== undefined,
    staleTime: Infinity,
  });
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!data) return;
    const made = URL.createObjectURL(data);
    setUrl(made);
    return () => {
      URL.revokeObjectURL(made);
      setUrl(undefined);
    };
  }, [data]);
  return url;
}
