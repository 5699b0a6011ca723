import { Avatar, Button, IconButton, ListRow, classes, errorText, keyStore, toast } from '@sluice/web-ui';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import type { RichText } from '../model/rich-text.js';
import { readDraft, writeDraft } from '../model/drafts.js';
import type { Discussion, Message } from '../model/shapes.js';
import { counted, errors, texts } from '../texts.js';
import { nameOf, useChat, useSeedPeople } from './context.js';
import { Editor, type EditorHandle, type Format } from './editor.js';
import { GlyphButton, type GlyphName } from './glyph.js';
import { MessageQuote } from './quote.js';
import { UploadTray } from './upload-tray.js';
import type { Uploads } from './use-uploads.js';

/** The number of characters left is shown when it is below this. */
const COUNTER_FROM = 1_000;
const DRAFT_DELAY_MS = 400;
const MAX_MENTIONS = 6;

export interface ComposerProps {
  readonly discussion: Discussion;
  readonly reply: Message | undefined;
  readonly editing: Message | undefined;
  readonly uploads: Uploads;
  /** Ends a reply or an edit. */
  readonly onDone: () => void;
  readonly onSent: () => void;
  /** Arrow up in an empty composer. */
  readonly onEditLast: () => void;
}

const FORMATS: readonly { format: Format; glyph: GlyphName }[] = [
  { format: 'bold', glyph: 'bold' },
  { format: 'italic', glyph: 'italic' },
  { format: 'strike', glyph: 'strike' },
  { format: 'code', glyph: 'code' },
];

const drafts = keyStore('local');

export function Composer({ discussion, reply, editing, uploads, onDone, onSent, onEditLast }: ComposerProps) {
  const chat = useChat();
  const seed = useSeedPeople();
  const editor = useRef<EditorHandle>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [length, setLength] = useState(0);
  const [mention, setMention] = useState<string>();
  const [active, setActive] = useState(0);
  const [isSaving, setSaving] = useState(false);
  const id = useId();
  const draftKey = `sluice.conversations.draft.${chat.myId}.${discussion.id}`;
  const unsaved = useRef<RichText>(undefined);
  const draftTimer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const max = chat.me.limits.textChars;
  const left = max - length;

  const found = useQuery({
    queryKey: ['mention', mention],
    queryFn: async ({ signal }) => {
      const { people } = await chat.api.people(mention ?? '', MAX_MENTIONS, signal);
      seed(people);
      return people;
    },
    enabled: mention !== undefined,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
  const candidates =
    mention === undefined ? [] : (found.data ?? []).filter((person) => person.id !== chat.myId && !person.isLocked);
  const option = (index: number) => `${id}-option-${index}`;

  const saveDraft = useCallback(() => {
    const content = unsaved.current;
    if (!content) return;
    unsaved.current = undefined;
    const text = writeDraft(content);
    if (text === undefined) drafts.remove(draftKey);
    else drafts.set(draftKey, text);
  }, [draftKey]);

  // the draft of this discussion, or the message that is edited
  useEffect(() => {
    editor.current?.write(editing ?? readDraft(drafts.get(draftKey)));
    if (editing ?? matchMedia('(pointer: fine)').matches) editor.current?.focus();
    return () => {
      clearTimeout(draftTimer.current);
      saveDraft();
    };
  }, [draftKey, editing, saveDraft]);
  useEffect(() => {
    if (reply) editor.current?.focus();
  }, [reply]);

  const changed = (content: RichText, written: string | undefined, isTyped: boolean) => {
    setLength(content.text.length);
    setMention(written);
    setActive(0);
    if (editing || !isTyped) return;
    unsaved.current = content;
    clearTimeout(draftTimer.current);
    draftTimer.current = setTimeout(saveDraft, DRAFT_DELAY_MS);
    if (content.text !== '') chat.typing(discussion.id);
  };

  const pick = (index: number) => {
    const person = candidates[index];
    if (!person) return;
    editor.current?.mention(person.id, nameOf(person));
    setMention(undefined);
  };

  const clear = () => {
    clearTimeout(draftTimer.current);
    unsaved.current = undefined;
    editor.current?.write({ text: '', spans: [] });
    drafts.remove(draftKey);
  };

  const saveEdit = async (message: Message, content: RichText) => {
    setSaving(true);
    try {
      await chat.edit(discussion.id, message.seq, { version: message.version, text: content.text, spans: [...content.spans] });
      onDone();
    } catch (error) {
      toast(errorText(error, errors), { tone: 'bad' });
    } finally {
      setSaving(false);
    }
  };

  const send = () => {
    const content = editor.current?.read();
    if (!content || left < 0) return;
    if (editing) {
      if (content.text !== '') void saveEdit(editing, content);
      return;
    }
    if (uploads.isBusy || uploads.uploads.length > uploads.attachments.length) {
      toast(texts.waitForFiles);
      return;
    }
    if (content.text === '' && uploads.attachments.length === 0) return;
    const { attachments } = uploads;
    const message = {
      text: content.text,
      spans: [...content.spans],
      ...(reply && { replyTo: reply.seq }),
      attachments: attachments.map((one) => one.id),
    };
    if (!chat.send(discussion.id, message, attachments)) {
      toast(texts.tooManyPending, { tone: 'bad' });
      return;
    }
    clear();
    uploads.clear();
    onDone();
    onSent();
  };

  const press = (event: KeyboardEvent): boolean => {
    const handled = pressInList(event) || pressInEditor(event);
    if (handled) event.preventDefault();
    return handled;
  };
  const pressInList = (event: KeyboardEvent): boolean => {
    if (candidates.length === 0) return false;
    const { key } = event;
    if (key === 'ArrowDown') setActive((active + 1) % candidates.length);
    else if (key === 'ArrowUp') setActive((active + candidates.length - 1) % candidates.length);
    else if (key === 'Enter' || key === 'Tab') pick(active);
    else if (key === 'Escape') setMention(undefined);
    else return false;
    event.stopPropagation();
    return true;
  };
  const pressInEditor = ({ key, shiftKey, nativeEvent }: KeyboardEvent): boolean => {
    if (key === 'Enter' && !shiftKey) send();
    else if (key === 'Escape' && (reply ?? editing)) {
      nativeEvent.stopPropagation();
      onDone();
    } else if (key === 'ArrowUp' && length === 0 && !editing) onEditLast();
    else return false;
    return true;
  };

  const head: ReactNode = editing ? (
    <Banner label={texts.editing} onClose={onDone}>
      <MessageQuote message={editing} />
    </Banner>
  ) : reply ? (
    <Banner label={texts.replyTo} onClose={onDone}>
      <MessageQuote message={reply} />
    </Banner>
  ) : undefined;
  const canSend = left >= 0 && (length > 0 || (!editing && uploads.attachments.length > 0));

  return (
    <div className="cv-composer">
      {candidates.length > 0 && (
        <div className="cv-mentions" role="listbox" id={`${id}-list`} aria-label={texts.mentionList}>
          {candidates.map((person, index) => (
            <div
              key={person.id}
              id={option(index)}
              role="option"
              aria-selected={index === active}
              // the editor keeps the focus
              onMouseDown={(event) => event.preventDefault()}
              onMouseEnter={() => setActive(index)}
              onClick={() => pick(index)}
            >
              <ListRow
                className={classes('cv-option', index === active && 'cv-option-active')}
                leading={<Avatar name={nameOf(person)} size="small" />}
                title={<bdi>{nameOf(person)}</bdi>}
              />
            </div>
          ))}
        </div>
      )}
      {head}
      <UploadTray uploads={uploads} />
      <Editor
        ref={editor}
        onChange={changed}
        onFiles={uploads.add}
        onKey={press}
        isDisabled={false}
        describedBy={`${id}-left`}
        popup={candidates.length > 0 ? { list: `${id}-list`, option: option(active) } : undefined}
      />
      <div className="cv-tools">
        {!editing && (
          <>
            <GlyphButton glyph="clip" label={texts.attach} onClick={() => picker.current?.click()} />
            <input
              ref={picker}
              type="file"
              multiple
              hidden
              aria-label={texts.attach}
              onChange={({ target }) => {
                uploads.add(target.files ?? []);
                target.value = '';
              }}
            />
          </>
        )}
        <GlyphButton
          glyph="at"
          label={texts.mention}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => editor.current?.insert('@')}
        />
        {FORMATS.map(({ format, glyph }) => (
          <GlyphButton
            key={format}
            className="ui-wide"
            glyph={glyph}
            label={texts[format]}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => editor.current?.format(format)}
          />
        ))}
        <span id={`${id}-left`} className={classes('cv-left', left < 0 && 'cv-left-over')} aria-live="polite">
          {left < COUNTER_FROM && counted(left, 'left')}
        </span>
        {editing ? (
          <>
            <Button onClick={onDone}>{texts.cancel}</Button>
            <Button kind="primary" busy={isSaving} disabled={!canSend} onClick={send}>
              {texts.save}
            </Button>
          </>
        ) : (
          <IconButton kind="primary" icon="send" label={texts.send} disabled={!canSend} onClick={send} />
        )}
      </div>
    </div>
  );
}

interface BannerProps {
  readonly label: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** The message that is answered or edited, above the text. */
function Banner({ label, onClose, children }: BannerProps) {
  return (
    <div className="cv-composer-head">
      <div className="cv-composer-about">
        <span className="cv-composer-label">{label}</span>
        {children}
      </div>
      <IconButton icon="close" label={texts.cancel} onClick={onClose} />
    </div>
  );
}
