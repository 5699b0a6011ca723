import { Avatar, Dialog, EmptyState, ListRow, TextField, classes, errorText, toast } from '@sluice/web-ui';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useDeferredValue, useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { shown } from '../model/discussion-list.js';
import { errors, texts } from '../texts.js';
import { nameOf, useChat, useChatState, useTitle } from './context.js';
import { DiscussionPicture } from './discussion-picture.js';
import type { Discussion } from '../model/shapes.js';

const MAX_SHOWN = 8;

interface QuickSwitchProps {
  readonly onClose: () => void;
  readonly onOpen: (id: string) => void;
}

interface Choice {
  readonly key: string;
  readonly row: ReactNode;
  readonly open: () => void;
}

/** Ctrl+K: goes to a discussion or a person by a few letters. */
export function QuickSwitch({ onClose, onOpen }: QuickSwitchProps) {
  const chat = useChat();
  const list = useChatState((state) => state.list);
  const [search, setSearch] = useState('');
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const text = useDeferredValue(search.trim());
  const found = useQuery({
    queryKey: ['quick', text],
    queryFn: async ({ signal }) => {
      const [{ discussions }, { people }] = await Promise.all([
        chat.api.discussions({ search: text, limit: MAX_SHOWN }, signal),
        chat.api.people(text, MAX_SHOWN, signal),
      ]);
      return { discussions, people: people.filter((person) => person.id !== chat.myId) };
    },
    enabled: text !== '',
    placeholderData: keepPreviousData,
  });

  const openPerson = async (person: string) => {
    try {
      onOpen((await chat.openDiscussion({ kind: 'direct', members: [person] })).id);
    } catch (error) {
      toast(errorText(error, errors), { tone: 'bad' });
    }
  };
  const discussions = text === '' ? shown(list, 'all').slice(0, MAX_SHOWN) : (found.data?.discussions ?? []);
  const people = text === '' ? [] : (found.data?.people ?? []);
  const choices: Choice[] = [
    ...discussions.map((one) => ({ key: one.id, row: <DiscussionChoice discussion={one} />, open: () => onOpen(one.id) })),
    ...people.map((one) => ({
      key: one.id,
      row: (
        <ListRow className="cv-option" leading={<Avatar name={nameOf(one)} size="large" />} title={<bdi>{nameOf(one)}</bdi>} />
      ),
      open: () => void openPerson(one.id),
    })),
  ];
  const options = useRef<HTMLDivElement>(null);
  useEffect(() => options.current?.children[active]?.scrollIntoView({ block: 'nearest' }), [active]);
  const press = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setActive(Math.min(choices.length - 1, active + 1));
    else if (event.key === 'ArrowUp') setActive(Math.max(0, active - 1));
    else if (event.key === 'Enter') choices[active]?.open();
    else return;
    event.preventDefault();
  };

  return (
    <Dialog open title={texts.quick} onClose={onClose} onOpenFocus={() => input.current?.focus()}>
      <div className="cv-people">
        <TextField
          ref={input}
          label={texts.quickHint}
          hideLabel
          placeholder={texts.quickHint}
          type="search"
          role="combobox"
          aria-expanded={choices.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={choices.length > 0 ? `${id}-${active}` : undefined}
          value={search}
          onChange={(next) => {
            setSearch(next);
            setActive(0);
          }}
          onKeyDown={press}
        />
        <div ref={options} className="cv-people-list" role="listbox" id={`${id}-list`} aria-label={texts.quick}>
          {choices.map((choice, index) => (
            <div
              key={choice.key}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === active}
              className={classes('cv-choice', index === active && 'cv-option-active')}
              onMouseEnter={() => setActive(index)}
              onClick={choice.open}
            >
              {choice.row}
            </div>
          ))}
        </div>
        {choices.length === 0 && text !== '' && found.isSuccess && <EmptyState icon="search" title={texts.nothingFound} />}
      </div>
    </Dialog>
  );
}

function DiscussionChoice({ discussion }: { readonly discussion: Discussion }) {
  return (
    <ListRow
      className="cv-option"
      leading={<DiscussionPicture discussion={discussion} />}
      title={<bdi>{useTitle(discussion)}</bdi>}
    />
  );
}
