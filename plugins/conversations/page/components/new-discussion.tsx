import { Button, Dialog, Segments, TextField, errorText } from '@sluice/web-ui';
import { useState } from 'react';
import type { Person } from '../model/shapes.js';
import { errors, texts } from '../texts.js';
import { nameOf, useChat } from './context.js';
import { PeoplePicker } from './people-picker.js';

interface NewDiscussionProps {
  readonly onClose: () => void;
  readonly onOpened: (id: string) => void;
}

/** Opens a direct discussion by a press on a person, or forms a group. */
export function NewDiscussion({ onClose, onOpened }: NewDiscussionProps) {
  const chat = useChat();
  const [kind, setKind] = useState<'direct' | 'group'>('direct');
  const [title, setTitle] = useState('');
  const [chosen, setChosen] = useState<ReadonlyMap<string, Person>>(new Map());
  const [problem, setProblem] = useState('');
  const [isTitleMissing, setTitleMissing] = useState(false);
  const [isBusy, setBusy] = useState(false);

  const open = async (members: readonly string[]) => {
    setBusy(true);
    setProblem('');
    try {
      const discussion = await chat.openDiscussion({
        kind,
        members: [...members],
        ...(kind === 'group' && { title: title.trim() }),
      });
      onOpened(discussion.id);
    } catch (error) {
      setProblem(errorText(error, errors));
      setBusy(false);
    }
  };
  const pick = (person: Person) => {
    if (kind === 'direct') return void open([person.id]);
    const next = new Map(chosen);
    if (!next.delete(person.id)) next.set(person.id, person);
    setChosen(next);
    setProblem('');
  };
  const create = () => {
    setTitleMissing(title.trim() === '');
    if (title.trim() === '') return;
    if (chosen.size === 0) return setProblem(texts.membersMissing);
    void open([...chosen.keys()]);
  };

  return (
    <Dialog
      open
      title={texts.create}
      onClose={onClose}
      onSubmit={() => kind === 'group' && create()}
      footer={
        kind === 'group' ? (
          <>
            <Button onClick={onClose}>{texts.cancel}</Button>
            <Button kind="primary" type="submit" busy={isBusy}>
              {texts.createGroup}
            </Button>
          </>
        ) : undefined
      }
    >
      <div className="cv-form">
        <Segments
          label={texts.create}
          value={kind}
          onChange={setKind}
          options={[
            { value: 'direct', label: texts.newDirect },
            { value: 'group', label: texts.newGroup },
          ]}
        />
        {kind === 'group' && (
          <>
            <TextField
              label={texts.groupTitle}
              hint={texts.groupTitleHint}
              maxLength={200}
              value={title}
              onChange={setTitle}
              {...(isTitleMissing && title.trim() === '' && { problem: texts.titleMissing })}
            />
            {chosen.size > 0 && (
              <p className="cv-chosen-names">
                {texts.chosen}: <bdi>{[...chosen.values()].map(nameOf).join(', ')}</bdi>
              </p>
            )}
          </>
        )}
        {problem !== '' && (
          <p className="ui-problem" role="alert">
            {problem}
          </p>
        )}
        <PeoplePicker without={[chat.myId]} chosen={chosen} onPick={pick} />
      </div>
    </Dialog>
  );
}
