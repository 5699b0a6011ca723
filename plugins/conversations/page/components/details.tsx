import { Button, Dialog, IconButton, ListRow, Select, Skeleton, TextField, errorText, toast } from '@sluice/web-ui';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { isMuted } from '../model/discussion-list.js';
import type { Discussion, DiscussionChange, Member, Person } from '../model/shapes.js';
import { counted, errors, texts } from '../texts.js';
import { nameOf, useChat, usePerson } from './context.js';
import { Glyph } from './glyph.js';
import { PersonPicture } from './message-item.js';
import { ObjectLink } from './object-link.js';
import { PeoplePicker } from './people-picker.js';

const MUTES_MS = { hour: 60 * 60_000, day: 24 * 60 * 60_000, ever: 100 * 365 * 24 * 60 * 60_000 };
type Mute = 'on' | keyof typeof MUTES_MS;

interface DetailsProps {
  readonly discussion: Discussion;
  readonly title: string;
  readonly onClose: () => void;
  readonly onLeft: () => void;
}

/** Title, notifications and members of a discussion. */
export function Details({ discussion, title, onClose, onLeft }: DetailsProps) {
  const chat = useChat();
  const queries = useQueryClient();
  const [view, setView] = useState<'main' | 'add' | 'leave'>('main');
  const [newTitle, setNewTitle] = useState(discussion.title);
  const [chosen, setChosen] = useState<ReadonlyMap<string, Person>>(new Map());
  const [isBusy, setBusy] = useState(false);
  const isGroup = discussion.kind !== 'direct';
  const canManage = isGroup && discussion.role === 'owner';

  const members = useInfiniteQuery({
    queryKey: ['members', discussion.id, discussion.memberCount],
    queryFn: ({ pageParam }) => chat.api.members(discussion.id, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
  });
  const known = members.data?.pages.flatMap((page) => page.members);

  const attempt = async (work: () => Promise<unknown>) => {
    setBusy(true);
    try {
      await work();
      return true;
    } catch (error) {
      toast(errorText(error, errors), { tone: 'bad' });
      return false;
    } finally {
      setBusy(false);
    }
  };
  const change = (next: DiscussionChange) => attempt(async () => chat.addDiscussion(await chat.api.change(discussion.id, next)));
  const reload = async () => {
    chat.addDiscussion(await chat.api.discussion(discussion.id));
    await queries.invalidateQueries({ queryKey: ['members', discussion.id] });
  };
  const mute = (next: Mute) =>
    void change({ mutedUntil: next === 'on' ? null : new Date(Date.now() + MUTES_MS[next]).toISOString() });
  const add = async () => {
    const isDone = await attempt(async () => {
      for (const id of chosen.keys()) await chat.api.addMember(discussion.id, id);
      await reload();
    });
    if (!isDone) return;
    setChosen(new Map());
    setView('main');
  };
  const remove = (person: string) =>
    attempt(async () => {
      await chat.api.removeMember(discussion.id, person);
      await reload();
    });
  const leave = async () => {
    if (!(await attempt(() => chat.leave(discussion.id)))) return;
    onClose();
    onLeft();
  };

  if (view === 'leave')
    return (
      <Dialog
        open
        title={texts.leaveAsk}
        onClose={onClose}
        footer={
          <>
            <Button onClick={() => setView('main')}>{texts.cancel}</Button>
            <Button kind="danger" busy={isBusy} onClick={() => void leave()}>
              {texts.leave}
            </Button>
          </>
        }
      >
        {texts.leaveHelp}
      </Dialog>
    );

  if (view === 'add')
    return (
      <Dialog
        open
        title={texts.addPeople}
        onClose={onClose}
        footer={
          <>
            <Button onClick={() => setView('main')}>{texts.cancel}</Button>
            <Button kind="primary" disabled={chosen.size === 0} busy={isBusy} onClick={() => void add()}>
              {texts.add}
            </Button>
          </>
        }
      >
        <PeoplePicker
          without={known?.map(({ person }) => person) ?? []}
          chosen={chosen}
          onPick={(person) => {
            const next = new Map(chosen);
            if (!next.delete(person.id)) next.set(person.id, person);
            setChosen(next);
          }}
        />
      </Dialog>
    );

  return (
    <Dialog open title={title} onClose={onClose}>
      <div className="cv-form">
        {canManage && (
          <TextField
            label={texts.name}
            maxLength={200}
            value={newTitle}
            onChange={setNewTitle}
            after={
              <Button
                disabled={newTitle.trim() === discussion.title || newTitle.trim() === ''}
                onClick={() => void change({ title: newTitle.trim() })}
              >
                {texts.save}
              </Button>
            }
          />
        )}
        {discussion.context !== undefined && <ObjectLink link={discussion.context} />}
        <Select<Mute>
          label={texts.notifications}
          value={isMuted(discussion, Date.now()) ? 'ever' : 'on'}
          onChange={mute}
          options={(['on', 'hour', 'day', 'ever'] as const).map((value) => ({ value, label: texts.mute[value] }))}
        />
        <section className="cv-members" aria-label={texts.members}>
          <div className="cv-members-head">
            <h3>{counted(discussion.memberCount, 'members')}</h3>
            {canManage && (
              <Button icon="add" kind="quiet" onClick={() => setView('add')}>
                {texts.addPeople}
              </Button>
            )}
          </div>
          {members.error && <p role="alert">{errorText(members.error, errors)}</p>}
          {known === undefined && !members.error && <Skeleton height="52px" />}
          {known?.map((member) => (
            <MemberRow
              key={member.person}
              member={member}
              {...(canManage && member.person !== chat.myId && { onRemove: () => void remove(member.person) })}
            />
          ))}
          {members.hasNextPage && (
            <Button kind="quiet" busy={members.isFetchingNextPage} onClick={() => void members.fetchNextPage()}>
              …
            </Button>
          )}
        </section>
        <div className="cv-details-actions">
          {discussion.role === 'owner' && (
            <Button onClick={() => void change({ isArchived: discussion.archivedAt === undefined })}>
              <Glyph name="archive" />
              {discussion.archivedAt === undefined ? texts.toArchive : texts.restore}
            </Button>
          )}
          {isGroup && (
            <Button kind="danger" onClick={() => setView('leave')}>
              <Glyph name="leave" />
              {texts.leave}
            </Button>
          )}
        </div>
      </div>
    </Dialog>
  );
}

function MemberRow({ member, onRemove }: { readonly member: Member; readonly onRemove?: () => void }) {
  const { myId } = useChat();
  const person = usePerson(member.person);
  const about = [member.role === 'owner' && texts.owner, person?.isBot && texts.bot, person?.isOnline && texts.online].filter(
    Boolean,
  );
  return (
    <div className="cv-member">
      <ListRow
        leading={<PersonPicture id={member.person} />}
        title={
          <>
            <bdi>{nameOf(person)}</bdi>
            {member.person === myId && <span className="cv-me"> · {texts.you}</span>}
          </>
        }
        {...(about.length > 0 && { subtitle: about.join(' · ') })}
      />
      {onRemove && <IconButton icon="close" label={`${texts.removeMember}: ${nameOf(person)}`} onClick={onRemove} />}
    </div>
  );
}
