import { Avatar, Button, EmptyState, ListRow, Skeleton, errorText } from '@sluice/web-ui';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { plainName } from '../model/people-names.js';
import { snippetOf } from '../model/snippet.js';
import type { Person, SearchHit } from '../model/shapes.js';
import { errors, texts } from '../texts.js';
import { shortTime } from '../times.js';
import { nameOf, useChat, useSeedPeople, usePerson } from './context.js';
import { DiscussionRow } from './discussion-row.js';
import { RichText } from './rich-text.js';

interface SearchResultsProps {
  readonly text: string;
  readonly selected: string | undefined;
  readonly onOpen: (id: string, seq?: number) => void;
  readonly onPerson: (person: Person) => void;
}

/** What the search field has found: discussions, people, messages. */
export function SearchResults({ text, selected, onOpen, onPerson }: SearchResultsProps) {
  const { api, myId } = useChat();
  const seed = useSeedPeople();
  const options = { placeholderData: keepPreviousData, staleTime: 10_000 };
  const discussions = useQuery({
    ...options,
    queryKey: ['find discussions', text],
    queryFn: ({ signal }) => api.discussions({ search: text, limit: 5 }, signal),
  });
  const people = useQuery({
    ...options,
    queryKey: ['find people', text],
    queryFn: async ({ signal }) => {
      const found = await api.people(text, 5, signal);
      seed(found.people);
      return found;
    },
  });
  const messages = useInfiniteQuery({
    ...options,
    queryKey: ['find messages', text],
    queryFn: ({ signal, pageParam }) =>
      api.search({ text, limit: 20, ...(pageParam !== undefined && { after: pageParam }) }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
  });
  const hits = messages.data?.pages.flatMap((page) => page.hits);
  const others = people.data?.people.filter(({ id }) => id !== myId);
  const isLoading = discussions.isPending || people.isPending || messages.isPending;
  const error = messages.error ?? discussions.error ?? people.error;
  const isEmpty = !isLoading && !error && !discussions.data?.discussions.length && !others?.length && !hits?.length;

  return (
    <div aria-busy={isLoading}>
      {error && (
        <p className="cv-search-problem" role="alert">
          {errorText(error, errors)}
        </p>
      )}
      {isLoading && <Skeleton height="52px" />}
      {isEmpty && (
        <EmptyState icon="search" title={texts.nothingFound}>
          {texts.nothingFoundHelp}
        </EmptyState>
      )}
      {discussions.data && discussions.data.discussions.length > 0 && (
        <section>
          <h2 className="cv-section">{texts.discussions}</h2>
          {discussions.data.discussions.map((one) => (
            <DiscussionRow key={one.id} discussion={one} isSelected={one.id === selected} onOpen={onOpen} />
          ))}
        </section>
      )}
      {others && others.length > 0 && (
        <section>
          <h2 className="cv-section">{texts.people}</h2>
          {others.map((person) => (
            <ListRow
              key={person.id}
              leading={<Avatar name={nameOf(person)} size="large" />}
              title={<bdi>{nameOf(person)}</bdi>}
              subtitle={person.email ?? person.phone}
              onClick={() => onPerson(person)}
            />
          ))}
        </section>
      )}
      {hits && hits.length > 0 && (
        <section>
          <h2 className="cv-section">{texts.messages}</h2>
          {hits.map((hit) => (
            <HitRow key={`${hit.message.discussion} ${hit.message.seq}`} hit={hit} onOpen={onOpen} />
          ))}
          {messages.hasNextPage && (
            <Button kind="quiet" busy={messages.isFetchingNextPage} onClick={() => void messages.fetchNextPage()}>
              …
            </Button>
          )}
        </section>
      )}
    </div>
  );
}

function HitRow({
  hit: { message, title, highlights },
  onOpen,
}: {
  readonly hit: SearchHit;
  readonly onOpen: (id: string, seq: number) => void;
}) {
  const author = usePerson(message.author);
  const snippet = snippetOf(message.text, highlights);
  return (
    <ListRow
      className="cv-hit"
      leading={<Avatar name={nameOf(author)} />}
      title={<bdi>{[nameOf(author), plainName(title)].filter(Boolean).join(' · ')}</bdi>}
      meta={<time dateTime={message.at}>{shortTime(message.at)}</time>}
      subtitle={<RichText text={snippet.text} highlights={snippet.highlights} isPlain />}
      onClick={() => onOpen(message.discussion, message.seq)}
    />
  );
}
