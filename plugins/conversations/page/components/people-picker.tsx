import { Avatar, EmptyState, Icon, ListRow, Skeleton, TextField, classes, errorText } from '@sluice/web-ui';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import type { Person } from '../model/shapes.js';
import { errors, texts } from '../texts.js';
import { nameOf, useChat, useSeedPeople } from './context.js';
import { moveFocus } from './move-focus.js';

interface PeoplePickerProps {
  /** Ids of people that are not offered. */
  readonly without: readonly string[];
  readonly chosen: ReadonlyMap<string, Person>;
  /** One person is chosen by a press; of several each press adds or removes one. */
  readonly onPick: (person: Person) => void;
}

/** Search in the directory while typing. */
export function PeoplePicker({ without, chosen, onPick }: PeoplePickerProps) {
  const { api } = useChat();
  const seed = useSeedPeople();
  const [search, setSearch] = useState('');
  const deferred = useDeferredValue(search.trim());
  const { data, error } = useQuery({
    queryKey: ['people', deferred],
    queryFn: async ({ signal }) => {
      const { people } = await api.people(deferred, 50, signal);
      seed(people);
      return people;
    },
    placeholderData: keepPreviousData,
  });
  const people = data?.filter(({ id }) => !without.includes(id));
  return (
    <div className="cv-people" onKeyDown={moveFocus}>
      <TextField
        label={texts.findPeople}
        hideLabel
        placeholder={texts.findPeople}
        type="search"
        value={search}
        onChange={setSearch}
      />
      <div className="cv-people-list" aria-busy={people === undefined}>
        {error ? <p role="alert">{errorText(error, errors)}</p> : people === undefined && <Skeleton height="52px" />}
        {people?.length === 0 && (
          <EmptyState icon="people" title={texts.noPeople}>
            {texts.noPeopleHelp}
          </EmptyState>
        )}
        {people?.map((person) => (
          <ListRow
            key={person.id}
            className={classes(chosen.has(person.id) && 'cv-chosen')}
            leading={<Avatar name={nameOf(person)} />}
            title={<bdi>{nameOf(person)}</bdi>}
            subtitle={person.isLocked ? texts.locked : (person.email ?? person.phone ?? (person.isBot ? texts.bot : undefined))}
            {...(chosen.has(person.id) && { meta: <Icon name="check" small /> })}
            selected={chosen.has(person.id)}
            onClick={() => onPick(person)}
          />
        ))}
      </div>
    </div>
  );
}
